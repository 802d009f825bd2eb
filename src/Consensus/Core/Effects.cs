namespace VideoScale.Consensus.Core;

public enum RaftRole : byte { Follower = 1, PreCandidate = 2, Candidate = 3, Leader = 4 }

/// <summary>The read under this context may be answered from state as of this index; 0 with <see cref="Ok"/> false: it failed.</summary>
public readonly record struct ReadState(ulong Context, ulong Index, bool Ok);

/// <summary>
/// What one write holds. Entries are those of the log from <see cref="FirstIndex"/> to <see cref="LastIndex"/>, none when that is empty.
/// </summary>
public readonly record struct WriteEffect(ulong Token, ulong Term, ulong FirstIndex, ulong LastIndex, HardState HardState,
    bool HardStateChanged, SnapshotMeta? ResetTo);

/// <summary>What a step wants done. Reused: valid until the next step.</summary>
/// <remarks>
/// Order for the host: write, send, apply. Messages need no write of this step: the core keeps those that do until it is durable.
/// </remarks>
public sealed class Effects
{
    private Message[] _messages = new Message[32];
    private ReadState[] _reads = new ReadState[16];
    private MemberId[] _snapshots = new MemberId[4];
    private int _messageCount;
    private int _readCount;
    private int _snapshotCount;

    public ReadOnlySpan<Message> Messages => _messages.AsSpan(0, _messageCount);
    public ReadOnlySpan<ReadState> Reads => _reads.AsSpan(0, _readCount);

    /// <summary>Members that need the latest snapshot.</summary>
    public ReadOnlySpan<MemberId> SnapshotsToSend => _snapshots.AsSpan(0, _snapshotCount);

    public WriteEffect? Write { get; internal set; }

    /// <summary>Replace the state with this snapshot, before applying what follows.</summary>
    public SnapshotMeta? Install { get; internal set; }

    /// <summary>Entries to apply now: committed, and durable here. None when From is above To.</summary>
    public ulong ApplyFrom { get; internal set; }
    public ulong ApplyTo { get; internal set; }

    /// <summary>Of the proposals of this step the first ones were appended, at FirstProposal and on; the rest were dropped.</summary>
    public int ProposalsAccepted { get; internal set; }
    public ulong FirstProposal { get; internal set; }

    /// <summary>A membership change of this step was appended.</summary>
    public bool MembershipAccepted { get; internal set; }

    /// <summary>What is known of logs' incarnations changed: it must be durable before anything of this step is sent.</summary>
    public bool OriginChanged { get; internal set; }

    /// <summary>This replica found that it lost entries: that must be durable before anything of this step is sent.</summary>
    public string? LossFound { get; internal set; }

    /// <summary>
    /// This replica takes no part any more: that must be durable before anything of this step is sent, or a restart would forget it.
    /// </summary>
    public string? ConflictFound { get; internal set; }

    /// <summary>Role, term or known leader differ from the step before.</summary>
    public bool RoleChanged { get; internal set; }

    internal void Clear()
    {
        _messageCount = 0;
        _readCount = 0;
        _snapshotCount = 0;
        Write = null;
        Install = null;
        ApplyFrom = 1;
        ApplyTo = 0;
        ProposalsAccepted = 0;
        FirstProposal = 0;
        MembershipAccepted = false;
        OriginChanged = false;
        LossFound = null;
        ConflictFound = null;
        RoleChanged = false;
    }

    internal void Add(in Message message) => Put(ref _messages, ref _messageCount, message);
    internal void Add(in ReadState read) => Put(ref _reads, ref _readCount, read);
    internal void AddSnapshot(MemberId to) => Put(ref _snapshots, ref _snapshotCount, to);

    private static void Put<T>(ref T[] items, ref int count, in T item)
    {
        if (count == items.Length) Array.Resize(ref items, 2 * count);
        items[count++] = item;
    }
}
