using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>
/// Until when this node may act as owner, in nanoseconds of a clock that counts time in suspend (CLOCK_BOOTTIME).
/// Counted from when the acknowledged heartbeat was <i>sent</i>: the leader counts from when it received it, which is never earlier.
/// </summary>
public struct Lease
{
    private const long NsPerMs = 1_000_000;

    /// <summary>Authority holds strictly before this; 0 when there never was any.</summary>
    public long UntilNs { get; private set; }

    public readonly bool HoldsAt(long nowNs) => nowNs < UntilNs;

    /// <summary>What is left, rounded down: an answer that says 1 ms means at least that.</summary>
    public readonly uint LeftMs(long nowNs) => HoldsAt(nowNs) ? (uint)Math.Min((UntilNs - nowNs) / NsPerMs, uint.MaxValue) : 0;

    /// <summary>An older acknowledgement never shortens a lease: the leader waits for the longest it ever granted.</summary>
    public void Renew(long sentNs, uint ttlMs)
    {
        Invariant.Require(sentNs >= 0, "the boot clock is not negative");
        UntilNs = Math.Max(UntilNs, sentNs + ttlMs * NsPerMs);
    }

    public void End() => UntilNs = 0;
}
