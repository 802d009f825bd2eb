using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>How one replica runs.</summary>
public sealed record ReplicatedLogOptions
{
    public required MemberId Self { get; init; }

    /// <summary>The membership that the cluster begins with, the same at every replica; what the log says later wins.</summary>
    public required Membership InitialMembership { get; init; }

    /// <summary>The disk lost entries that may have been acknowledged; see <see cref="RaftCore.IsRepairing"/>.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>Called on the loop's thread when a damaged replica has everything again.</summary>
    public Action? Repaired { get; init; }

    /// <summary>
    /// Called on the loop's thread, with what was found, when a running replica learns that its disk lost entries; returns when that is
    /// durable.
    /// </summary>
    public Action<string>? LossFound { get; init; }

    /// <summary>Why an earlier run took no part any more; see <see cref="RaftCore.Conflict"/>.</summary>
    public string? Conflict { get; init; }

    /// <summary>Called on the loop's thread, with why, when this replica takes no part any more; returns when that is durable.</summary>
    public Action<string>? ConflictFound { get; init; }

    /// <summary>Which of its member's logs this one is; null: its word counts from the start (for logs that are not on a disk).</summary>
    public LogOrigin? Origin { get; init; }

    /// <summary>Called on the loop's thread when that changed; returns when it is durable.</summary>
    public Action<LogOrigin>? OriginChanged { get; init; }

    /// <summary>
    /// Where the first members are: put into the membership with its first change, so that whoever joins later finds them.
    /// </summary>
    public IReadOnlyList<MemberAddress> KnownAddresses { get; init; } = [];

    /// <summary>See <see cref="IReplicatedLog.GoesOnAfter"/>.</summary>
    public ulong GoesOnAfter { get; init; }

    public RaftOptions Raft { get; init; } = new();

    /// <summary>50 ms × the core's ticks: heartbeats every 100 ms, elections after 300 to 600 ms of silence.</summary>
    public int TickMs { get; init; } = 50;

    /// <summary>Bytes of applied log after which a snapshot is written.</summary>
    public long SnapshotLogBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes of log kept behind a snapshot, so that a member that was away shortly needs no snapshot.</summary>
    public long TailBytes { get; init; } = 16L * 1024 * 1024;

    /// <summary>Log that is kept beyond <see cref="TailBytes"/> while snapshots are on their way to others; it is in memory.</summary>
    public long MaxHeldForSnapshotsBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>Ticks of a member's silence after which nothing is kept for it any more.</summary>
    public int SnapshotPatienceTicks { get; init; } = 1_200;

    /// <summary>Proposals waiting for the loop; more are refused as overload.</summary>
    public int MaxQueuedProposals { get; init; } = 16_384;

    public long MaxQueuedBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Messages from other replicas waiting for the loop; more are dropped, which the protocol bears.</summary>
    public int MaxQueuedMessages { get; init; } = 8_192;

    /// <summary>Entries handed to the apply thread and not applied yet.</summary>
    public int MaxApplyAhead { get; init; } = 8_192;

    /// <summary>The longest command.</summary>
    public int MaxCommandBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long a linearizable read looks for a leader with a quorum.</summary>
    public int ReadTimeoutMs { get; init; } = 2_000;

    /// <summary>Chance for election timeouts; drawn anew at each start.</summary>
    public ulong Seed { get; init; } = (ulong)Random.Shared.NextInt64();
}
