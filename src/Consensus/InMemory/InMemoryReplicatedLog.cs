using System.Buffers;

namespace VideoScale.Consensus.InMemory;

/// <summary>
/// A replicated log of one replica in memory, for tests of what stands on the seam: deterministic, and it does what it is told
/// (lose leadership, lose quorum, lose an acknowledgement). It is leader of term 1 from the start unless told otherwise.
/// </summary>
/// <remarks>Calls are serialized and run on the caller's thread, so with one caller a proposal is applied when the call returns.</remarks>
public sealed partial class InMemoryReplicatedLog : IReplicatedLog
{
    private readonly SerialQueue _queue = new();
    private readonly Lock _statusGate = new();
    private readonly List<MemoryEntry> _entries = [];
    private readonly SortedDictionary<ulong, SessionReplies> _sessions = [];
    private readonly Queue<ProposalFault> _faults = new();
    private readonly List<Waiter> _held = [];
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemberId _self;
    private readonly RoleFeed _roles;
    private IReplicatedStateMachine _machine;
    private MemorySnapshot? _snapshot;
    private Membership _membership;
    private ReplicaStatus _status;
    private ReplicaRole _role;
    private MemberId _leader;
    private ulong _term;
    private ulong _firstIndex = 1;
    private ulong _membershipIndex;
    private bool _quorum = true;
    private bool _disposed;

    private sealed record Waiter(Action Resume, Action Abandon);

    public InMemoryReplicatedLog(IReplicatedStateMachine machine, MemberId? self = null, bool lead = true)
    {
        _machine = machine;
        _self = self ?? new MemberId(1);
        _membership = Membership.Of(_self);
        _role = ReplicaRole.Follower;
        _roles = new RoleFeed(new RoleChange(_role, 0, MemberId.None));
        _status = Picture();
        if (lead) BecomeLeader();
    }

    public LogCapabilities Capabilities => LogCapabilities.Membership | LogCapabilities.Transfer | LogCapabilities.Snapshots
        | LogCapabilities.ExactlyOnceSessions | LogCapabilities.LinearizableReads;

    public string EngineName => InMemoryLogEngine.EngineName;

    public ReplicaStatus Status { get { lock (_statusGate) return _status; } }

    public Task<Exception> Fatal => _fatal.Task;

    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) => _roles.Listen(cancellationToken);

    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        var copy = command.ToArray();
        var unknown = new ProposeResult(Outcome.Unknown, 0, 0, default);
        return RunAsync(unknown, completion => Propose(id, copy, unknown, completion), cancellationToken);
    }

    public ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken) =>
        RunAsync<ReadFence>(default, completion => completion.TrySetResult(
            mode == ReadMode.Stale
                || (_role == ReplicaRole.Leader && _quorum && !_disposed) ? new ReadFence(true, LastIndex) : default), cancellationToken);

    public ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return RunAsync(new MembershipResult(Outcome.Unknown, 0), completion =>
        {
            if (_role != ReplicaRole.Leader || expectedConfigIndex != _membershipIndex || change.Voters.Count == 0 || _disposed)
            {
                completion.TrySetResult(new MembershipResult(Outcome.Rejected, _membershipIndex));
                return;
            }
            _membership = new Membership([.. change.Voters.Order()], [], [.. change.Learners.Order()]);
            _membershipIndex = Append(MemoryEntryKind.Membership, ProposalId.None, []);
            EndBatch();
            completion.TrySetResult(new MembershipResult(Outcome.Committed, _membershipIndex));
        }, cancellationToken);
    }

    public ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken)
    {
        var done = RunAsync(false, completion =>
        {
            if (_role == ReplicaRole.Leader && to != _self) StepDown(to);
            completion.TrySetResult(true);
        }, cancellationToken);
        return new ValueTask(done.AsTask());
    }

    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) => RunAsync<SnapshotInfo>(default, completion =>
    {
        var stream = new MemoryStream();
        using (var writer = _machine.BeginSnapshot()) writer.WriteTo(stream, cancellationToken);
        _snapshot = new MemorySnapshot(LastIndex, stream.ToArray());
        var keepFrom = Math.Min(_machine.CompactionLimit, LastIndex) + 1;
        while (_firstIndex < keepFrom) { _entries.RemoveAt(0); _firstIndex++; }
        Repicture();
        completion.TrySetResult(new SnapshotInfo(_snapshot.Index, (ulong)_snapshot.Length, _firstIndex));
    }, cancellationToken);

    public void Post(IApplyWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _queue.Run(() => work.Run(LastIndex));
    }

    public ValueTask DisposeAsync()
    {
        _queue.Run(() =>
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var waiter in _held) waiter.Abandon();
            _held.Clear();
            _roles.Close();
        });
        return ValueTask.CompletedTask;
    }

    private ulong LastIndex => _firstIndex + (ulong)_entries.Count - 1;

    private void Propose(ProposalId id, byte[] command, ProposeResult unknown, TaskCompletionSource<ProposeResult> completion)
    {
        var fault = _faults.TryDequeue(out var next) ? next : default;
        if (fault == ProposalFault.LeadershipLost) StepDown(MemberId.None);
        if (_disposed || _role != ReplicaRole.Leader || fault == ProposalFault.Overloaded)
        {
            var reason = _disposed ? RejectReason.ShuttingDown : fault == ProposalFault.Overloaded ? RejectReason.Overloaded
                : RejectReason.NotLeader;
            completion.TrySetResult(new ProposeResult(Outcome.Rejected, 0, _term, default, reason));
            return;
        }
        if (fault == ProposalFault.UnknownAndLost) { completion.TrySetResult(unknown); return; }
        if (!_quorum)
        {
            _held.Add(new Waiter(() => Propose(id, command, unknown, completion), () => completion.TrySetResult(unknown)));
            return;
        }
        var result = Commit(id, command);
        completion.TrySetResult(fault == ProposalFault.UnknownButCommitted ? unknown : result);
    }

    private ProposeResult Commit(ProposalId id, byte[] command)
    {
        if (!_sessions.TryGetValue(id.Session, out var session)) _sessions.Add(id.Session, session = new SessionReplies());
        if (id != ProposalId.None && session.Find(id.Sequence) is { } known) return known;
        var index = Append(MemoryEntryKind.Command, id, command);
        var result = Apply(_entries[^1], session);
        EndBatch();
        return result with { Index = index };
    }

    private ProposeResult Apply(in MemoryEntry entry, SessionReplies session)
    {
        var reply = new ArrayBufferWriter<byte>();
        _machine.Apply(entry.Index, entry.Term, entry.Payload.Span, reply);
        var result = new ProposeResult(Outcome.Committed, entry.Index, entry.Term, reply.WrittenMemory);
        if (entry.Id != ProposalId.None) session.Add(entry.Id.Sequence, result);
        return result;
    }

    private ulong Append(MemoryEntryKind kind, ProposalId id, byte[] payload)
    {
        var index = LastIndex + 1;
        _entries.Add(new MemoryEntry(index, _term, kind, id, payload));
        return index;
    }

    private void EndBatch()
    {
        _machine.EndOfBatch(LastIndex);
        Repicture();
    }

    private ValueTask<T> RunAsync<T>(T whenCancelled, Action<TaskCompletionSource<T>> action, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Run(() =>
        {
            try { action(completion); }
            catch (Exception e)
            {
                _disposed = true; // like the engine: a state machine that throws stops the replica for ever
                _fatal.TrySetResult(e);
                completion.TrySetResult(whenCancelled);
            }
        });
        if (completion.Task.IsCompleted || !cancellationToken.CanBeCanceled) return new ValueTask<T>(completion.Task);
        var registration = cancellationToken.Register(() => completion.TrySetResult(whenCancelled)); // its fate is unknown, not failed
        completion.Task.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return new ValueTask<T>(completion.Task);
    }
}
