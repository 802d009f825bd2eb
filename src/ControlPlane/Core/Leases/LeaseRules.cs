using VideoScale.ControlPlane.Cluster;

namespace VideoScale.ControlPlane.Leases;

/// <summary>
/// The arithmetic of leases, the same for leader and agent. Times are milliseconds on a monotonic clock that counts suspend too.
/// </summary>
/// <param name="LongestTtlMs">The longest TTL ever granted: a lease granted before a change may still run for that long.</param>
/// <param name="LongestMarginMs">The longest margin ever in force.</param>
public sealed record LeaseRules(LeaseSettings Settings, uint LongestTtlMs, uint LongestMarginMs)
{
    public static LeaseRules Of(ClusterRecord cluster) => new(cluster.Lease, cluster.LongestTtlMs, cluster.LongestMarginMs);

    /// <summary>The node's view: authority ends this long after it sent the heartbeat that was acknowledged.</summary>
    /// <param name="grantedTtlMs">TTL the acknowledgement carried.</param>
    public static long AuthorityUntilMs(long sentAtMs, uint grantedTtlMs) => sentAtMs + grantedTtlMs;

    /// <summary>The leader's view: nobody may be given the node's rooms before this.</summary>
    /// <param name="receivedAtMs">When the leader received the heartbeat it acknowledged: never earlier than it was sent.</param>
    public long ExpiresAtMs(long receivedAtMs) => receivedAtMs + LongestTtlMs + LongestMarginMs;

    /// <summary>A new leader does not know what its predecessor acknowledged: it expires nothing before this.</summary>
    public long NothingExpiresBeforeMs(long electedAtMs) => electedAtMs + LongestTtlMs + LongestMarginMs;
}
