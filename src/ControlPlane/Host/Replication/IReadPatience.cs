using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>How long reads wait for a quorum, and what their callers are told when none confirms them.</summary>
public interface IReadPatience
{
    TimeSpan AtMost { get; }

    /// <returns>Why a read need not even be tried; null when it may be.</returns>
    Failure? BeforeRead();

    /// <returns>Why none confirmed it, when that is known.</returns>
    Failure? AfterRead();
}
