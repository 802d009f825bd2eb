namespace VideoScale.Consensus.Core;

/// <summary>The engine's bounds and timing, in ticks of the host's choosing.</summary>
public sealed record RaftOptions
{
    /// <summary>
    /// The shortest silence after which a voter campaigns; each wait is drawn from [ElectionTicks, 2 × ElectionTicks). A leader without a
    /// majority steps down after as long.
    /// </summary>
    public int ElectionTicks { get; init; } = 6;

    public int HeartbeatTicks { get; init; } = 2;

    /// <summary>Bytes of entries in one append; one entry may be larger.</summary>
    public int MaxAppendBytes { get; init; } = 256 * 1024;

    /// <summary>Appends on their way to one member.</summary>
    public int MaxInflightAppends { get; init; } = 64;

    /// <summary>Bytes of entries on their way to one member.</summary>
    public long MaxInflightBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes a leader takes in before they are committed; more proposals are dropped.</summary>
    public long MaxUncommittedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Read requests waiting for a quorum round; more fail.</summary>
    public int MaxPendingReads { get; init; } = 4096;

    /// <summary>Replies waiting for their write; the oldest goes when there are more (a lost message, which the protocol bears).</summary>
    public int MaxHeldMessages { get; init; } = 256;
}
