namespace VideoScale.Consensus;

/// <summary>
/// The seam of consensus: one log, replicated. Behind it stands our engine; DotNext or etcd could stand in its place.
/// </summary>
public interface IReplicatedLog : IAsyncDisposable
{
    /// <summary>Proposes a command and completes when it is applied here, or when its fate is known or unknown.</summary>
    /// <param name="id">Exactly-once key: retry an <see cref="Outcome.Unknown"/> with the same id.</param>
    /// <param name="command">Copied before this method returns.</param>
    ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken);

    /// <summary>
    /// Completes when this replica has applied everything that was acknowledged before the call (for <see cref="ReadMode.Linearizable"/>).
    /// </summary>
    ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken);

    ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken);

    /// <summary>From now on this replica neither votes nor leads, until it is started anew: its state is not the majority's.</summary>
    void Abstain() { }

    /// <param name="to">The voter that shall lead; <see cref="MemberId.None"/> for the one that is furthest.</param>
    ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken);

    /// <summary>Writes a snapshot of what is applied and compacts the log, keeping a tail.</summary>
    ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken);

    /// <summary>Runs work on the apply thread between two runs of entries: the only place where replicated state may be read.</summary>
    /// <remarks>The work must be short and must not throw.</remarks>
    void Post(IApplyWork work);

    ReplicaStatus Status { get; }

    /// <summary>The role now, then every change of it, until cancelled.</summary>
    IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken);

    LogCapabilities Capabilities { get; }

    /// <summary>The engine behind this log, as <c>--engine</c> names it.</summary>
    string EngineName { get; }

    /// <summary>
    /// The sealed entry of another log that this one goes on after, once no majority of voters is left to that one; 0: there is none.
    /// </summary>
    ulong GoesOnAfter => 0;

    /// <summary>
    /// Completes, with the reason, when the replica stopped for ever (a failed sync, a broken invariant): the process must end.
    /// </summary>
    Task<Exception> Fatal { get; }
}

/// <summary>A piece of work for the apply thread.</summary>
public interface IApplyWork
{
    /// <param name="appliedIndex">The last entry applied before this work.</param>
    void Run(ulong appliedIndex);
}

public enum Outcome : byte
{
    /// <summary>Committed and applied here; the result has the reply.</summary>
    Committed = 1,
    /// <summary>Certainly not in the log and never will be under this id at that index: not the leader, or overloaded.</summary>
    Rejected = 2,
    /// <summary>May or may not be committed: retry with the same <see cref="ProposalId"/>.</summary>
    Unknown = 3,
}

public enum RejectReason : byte { None, NotLeader, Overloaded, ShuttingDown, SessionExpired }

/// <param name="Reply">What the state machine wrote; owned by the caller.</param>
public readonly record struct ProposeResult(Outcome Outcome, ulong Index, ulong Term, ReadOnlyMemory<byte> Reply,
    RejectReason Reason = RejectReason.None);

public enum ReadMode : byte { Linearizable, Stale }

/// <param name="Ok">False when there is no quorum or no leader in time.</param>
/// <param name="Index">State as of this index (or later) answers the read.</param>
public readonly record struct ReadFence(bool Ok, ulong Index);

/// <summary>The voter set and learners to go to; joint consensus in between, once all that are to vote have caught up.</summary>
public sealed record MembershipChange(IReadOnlyList<MemberId> Voters, IReadOnlyList<MemberId> Learners)
{
    /// <summary>Where members are reached: needed for those who are new, allowed for all.</summary>
    public IReadOnlyList<MemberAddress> Addresses { get; init; } = [];
}

/// <param name="ConfigIndex">Log index of the membership that holds now.</param>
/// <param name="Reason">Why it was rejected, for the operator.</param>
public readonly record struct MembershipResult(Outcome Outcome, ulong ConfigIndex, string Reason = "");

public readonly record struct SnapshotInfo(ulong Index, ulong Bytes, ulong FirstIndex);

public enum ReplicaRole : byte { Follower = 1, PreCandidate = 2, Candidate = 3, Leader = 4 }

public readonly record struct RoleChange(ReplicaRole Role, ulong Term, MemberId Leader);

/// <param name="Snapshotting">A snapshot is on its way to it.</param>
/// <param name="Repairing">It fetches again what its disk lost; it does not count.</param>
public readonly record struct MemberProgress(MemberId Member, ulong MatchIndex, TimeSpan Silent, bool Voter, bool Snapshotting = false,
    bool Repairing = false, uint Heard = 0);

/// <summary>A picture of the replica; cheap to take, from any thread.</summary>
public sealed record ReplicaStatus(
    MemberId Self, ReplicaRole Role, ulong Term, MemberId Leader, ulong CommitIndex, ulong AppliedIndex, ulong DurableIndex,
    ulong FirstIndex, ulong LastIndex, ulong SnapshotIndex, Membership Membership, ulong MembershipIndex,
        IReadOnlyList<MemberProgress> Progress)
{
    /// <summary>
    /// This replica's disk lost entries: until a leader confirms that it has them again it does not vote, lead or acknowledge.
    /// </summary>
    public bool Repairing { get; init; }

    /// <summary>So, because its log is new: nothing was lost, as far as it knows.</summary>
    public bool IsNew { get; init; }

    /// <summary>This replica's log was lost, in whole or in part.</summary>
    public bool Quarantined => Repairing && !(IsNew && RefusedBy.IsNone);

    /// <summary>Founding members that a new log waits for: the cluster begins once all of them have been heard.</summary>
    public IReadOnlyList<MemberId> WaitsFor { get; init; } = [];

    /// <summary>Who knows an earlier log of this member than the new one here: its disk was replaced.</summary>
    public MemberId RefusedBy { get; init; }

    /// <summary>Why this replica takes no part any more: somebody leads without what is committed here.</summary>
    public string? Conflict { get; init; }

    /// <summary>
    /// Another process has this replica's identity, so this one takes no part: who that is, and what to do. Null while it is the only one.
    /// </summary>
    public string? StandsAside { get; init; }

    /// <summary>What an operator should know of the other members: second processes under the identity of one were refused.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

[Flags]
public enum LogCapabilities
{
    None = 0,
    /// <summary>Members come and go while it runs: learners first, then one joint change.</summary>
    Membership = 1,
    /// <summary>Leadership goes to the voter that is named.</summary>
    Transfer = 2,
    Snapshots = 4,
    ExactlyOnceSessions = 8,
    LinearizableReads = 16,
    /// <summary>What a disk lost or damaged is fetched again from the others.</summary>
    Repair = 32,
    /// <summary>A survivor can be made the only voter, offline.</summary>
    Recovery = 64,
}
