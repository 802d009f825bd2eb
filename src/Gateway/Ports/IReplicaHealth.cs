using VideoScale.Model;

namespace VideoScale.Gateway.Ports;

/// <summary>Whether this replica can serve clients at all.</summary>
public interface IReplicaHealth
{
    /// <summary>Neither stopping nor quarantined.</summary>
    bool IsServing { get; }

    /// <summary>
    /// Why nothing can be committed now, once no leader has been known for as long as calls wait for one; null otherwise.
    /// </summary>
    Failure? Leaderless { get; }
}
