namespace VideoScale.Consensus;

/// <summary>
/// Where a member is reached, as host:port. It travels in the membership, so that every replica finds the others; the core only carries it.
/// </summary>
/// <param name="Raft">Consensus.</param>
/// <param name="Api">The API that other replicas and clients call.</param>
/// <param name="Http">Probes and metrics; may be empty.</param>
public sealed record MemberAddress(MemberId Member, string Raft, string Api, string Http)
{
    /// <summary>The longest text of one address: bounds what a membership takes in the log.</summary>
    public const int MaxLength = 255;
}
