using VideoScale.ControlPlane.Cluster;

namespace VideoScale.ControlPlane.Leases;

/// <summary>
/// The leader's arithmetic of leases; the node's counts from when it sent the heartbeat that was acknowledged. Times are milliseconds on a
/// monotonic clock that counts suspend too.
/// </summary>
/// <param name="LongestTtlMs">The longest TTL ever granted: a lease granted before a change may still run for that long.</param>
/// <param name="LongestMarginMs">The longest margin ever in force.</param>
public sealed record LeaseRules(LeaseSettings Settings, uint LongestTtlMs, uint LongestMarginMs)
{
    public static LeaseRules Of(ClusterRecord cluster) => new(cluster.Lease, cluster.LongestTtlMs, cluster.LongestMarginMs);

    /// <summary>The leader's view: nobody may be given the node's rooms before this.</summary>
    /// <param name="receivedAtMs">When the leader received the heartbeat it acknowledged: never earlier than it was sent.</param>
    public long ExpiresAtMs(long receivedAtMs) => receivedAtMs + LongestTtlMs + LongestMarginMs;

    /// <summary>A new leader does not know what its predecessor acknowledged: it expires nothing before this.</summary>
    public long NothingExpiresBeforeMs(long electedAtMs) => electedAtMs + LongestTtlMs + LongestMarginMs;
}
