using VideoScale.Consensus;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>What a member said when it was asked for its wall clock.</summary>
/// <param name="WallMs">Milliseconds since 1970 UTC; null without an answer.</param>
/// <param name="IsOld">It runs a program that does not know the question, nor entries that carry more than log time.</param>
public readonly record struct ClockAnswer(long? WallMs, bool IsOld = false);

/// <summary>Asks other replicas for their wall clocks.</summary>
public interface IMemberClocks
{
    Task<ClockAnswer> AskAsync(MemberId member, CancellationToken cancellationToken);
}
