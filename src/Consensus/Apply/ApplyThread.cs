using System.Buffers;
using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.Apply;

/// <summary>
/// The thread that owns the replicated state: applies entries in order, answers fences, runs posted work, captures snapshots.
/// </summary>
internal sealed partial class ApplyThread
{
    private readonly object _gate = new();
    private readonly IReplicatedStateMachine _machine;
    private readonly ISnapshotStore _store;
    private readonly SnapshotWork _snapshots;
    private readonly ConsensusMetrics _metrics;
    private readonly IPayloadOwner _payloads;
    private readonly Func<long> _ticks;
    private readonly Action<ulong> _progressed;
    private readonly Action<Exception> _failed;
    private readonly Thread _thread;
    private readonly SessionTable _sessions = new();
    private readonly ArrayBufferWriter<byte> _reply = new(256);
    private readonly List<PendingFence> _fences = [];
    private List<ApplyItem> _queue = new(1024);
    private List<ApplyItem> _running = new(1024);
    private SnapshotMeta _appliedMeta;
    private long _bytesSinceSnapshot;
    private ulong _applied;
    private ulong _batchEnd;
    private ulong _compactionLimit;
    private int _fenceCount;
    private int _done;
    private bool _waiting;
    private bool _stopping;

    public ApplyThread(string name, IReplicatedStateMachine machine, ISnapshotStore store, SnapshotWork snapshots, ConsensusMetrics metrics,
        IPayloadOwner payloads, SnapshotMeta start, Func<long> ticks, Action<ulong> progressed, Action<Exception> failed)
    {
        _machine = machine;
        _store = store;
        _snapshots = snapshots;
        _metrics = metrics;
        _payloads = payloads;
        _ticks = ticks;
        _progressed = progressed;
        _failed = failed;
        _appliedMeta = start;
        if (start.Index > 0) _queue.Add(new ApplyItem(ApplyKind.Restore, default, start));
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    public ulong Applied => Volatile.Read(ref _applied);
    public ulong CompactionLimit => Volatile.Read(ref _compactionLimit);

    /// <summary>Whether reads wait here for an index.</summary>
    public bool HasFences => Volatile.Read(ref _fenceCount) > 0;

    public int Depth { get { lock (_gate) return _queue.Count; } }

    public void Start() => _thread.Start();

    public void Add(in ApplyItem item)
    {
        lock (_gate)
        {
            if (!_stopping)
            {
                _queue.Add(item);
                Wake();
                return;
            }
        }
        Abandon(item);
    }

    /// <summary>Adds many under one lock; the list is cleared.</summary>
    public void AddAll(List<ApplyItem> items)
    {
        lock (_gate)
        {
            if (!_stopping)
            {
                _queue.AddRange(items);
                Wake();
                items.Clear();
                return;
            }
        }
        foreach (var item in items) Abandon(item);
        items.Clear();
    }

    /// <summary>Lets the thread end after the item it is at. What is left is completed as unknown.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        if (_thread.ThreadState != ThreadState.Unstarted && Thread.CurrentThread != _thread) _thread.Join();
    }

    private void Wake()
    {
        if (!_waiting) return;
        _waiting = false;
        Monitor.Pulse(_gate);
    }

    private void Run()
    {
        try
        {
            while (TakeQueue())
            {
                for (_done = 0; _done < _running.Count && !Volatile.Read(ref _stopping); _done++) RunItem(_running[_done]);
                EndBatch();
                _running.RemoveRange(0, _done);
                _done = 0;
            }
        }
        catch (Exception e) { _failed(e); } // the state machine or we are broken: the replica must not go on
        finally { AbandonAll(); }
    }

    private bool TakeQueue()
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && !_stopping)
            {
                _waiting = true;
                Monitor.Wait(_gate);
            }
            if (_stopping) return false;
            (_queue, _running) = (_running, _queue);
            return true;
        }
    }

    private void RunItem(in ApplyItem item)
    {
        switch (item.Kind)
        {
            case ApplyKind.Entry:
                Apply(item.Entry, (PendingProposal?)item.Subject);
                _payloads.Release(item.Entry.Payload);
                break;
            case ApplyKind.Restore: Restore((SnapshotMeta)item.Subject!); break;
            case ApplyKind.Fence: _fences.Add((PendingFence)item.Subject!); break;
            case ApplyKind.Work:
                EndRun(); // whoever follows the state knows as much as the work sees
                ((IApplyWork)item.Subject!).Run(_applied);
                break;
            case ApplyKind.Expire: ExpireFences(); break;
            default: _snapshots.Request((TaskCompletionSource<SnapshotInfo>?)item.Subject); break;
        }
    }

    private void Apply(in Entry entry, PendingProposal? waiter)
    {
        if (entry.Index <= _applied) // a newer snapshot was restored than the one that was asked for
        {
            waiter?.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
            return;
        }
        if (entry.Index != _applied + 1) throw new ConsensusInvariantException("entries are applied one after the other");
        var result = new ProposeResult(Outcome.Committed, entry.Index, entry.Term, default);
        if (entry.Kind == EntryKind.Command) result = ApplyCommand(entry, waiter is not null);
        else if (entry.Kind == EntryKind.Configuration)
            _appliedMeta = _appliedMeta with { Membership = MembershipCodec.Decode(entry.Payload.Span), MembershipIndex = entry.Index };
        _appliedMeta = entry.Kind == EntryKind.Configuration
            || entry.Term != _appliedMeta.Term ? _appliedMeta with { Term = entry.Term } : _appliedMeta;
        Volatile.Write(ref _applied, entry.Index);
        _bytesSinceSnapshot += entry.CountedBytes;
        waiter?.Finish(result);
    }

    private ProposeResult ApplyCommand(in Entry entry, bool wantsReply)
    {
        if (entry.Id != ProposalId.None)
        {
            switch (_sessions.Find(entry.Id, out var known))
            {
                case SessionAnswer.Repeated: return known;
                case SessionAnswer.Expired:
                    return new ProposeResult(Outcome.Rejected, entry.Index, entry.Term, default, RejectReason.SessionExpired);
                default: break;
            }
        }
        _reply.ResetWrittenCount();
        _machine.Apply(entry.Index, entry.Term, entry.Payload.Span, _reply);
        if (entry.Id != ProposalId.None) _sessions.Record(entry.Id, entry.Index, entry.Term, _reply.WrittenSpan);
        var reply = wantsReply && _reply.WrittenCount > 0 ? _reply.WrittenSpan.ToArray() : default(ReadOnlyMemory<byte>);
        return new ProposeResult(Outcome.Committed, entry.Index, entry.Term, reply);
    }

    private void EndRun()
    {
        if (_applied != _batchEnd) _machine.EndOfBatch(_applied);
        _batchEnd = _applied;
    }

    private void ExpireFences()
    {
        foreach (var fence in _fences)
        {
            if (fence.Deadline <= _ticks()) fence.TrySetResult(default);
        }
        _fences.RemoveAll(static fence => fence.Task.IsCompleted);
        Volatile.Write(ref _fenceCount, _fences.Count);
    }

    private void EndBatch()
    {
        EndRun();
        Volatile.Write(ref _compactionLimit, _machine.CompactionLimit);
        for (var i = _fences.Count - 1; i >= 0; i--)
        {
            if (_fences[i].Index > _applied) continue;
            _fences[i].TrySetResult(new ReadFence(true, _applied));
            _fences[i] = _fences[^1];
            _fences.RemoveAt(_fences.Count - 1);
        }
        Volatile.Write(ref _fenceCount, _fences.Count);
        if (_snapshots.IsDue(_bytesSinceSnapshot, _applied))
        {
            _bytesSinceSnapshot = 0;
            _snapshots.Begin(_appliedMeta with { Index = _applied }, _sessions.Serialize(), _machine.BeginSnapshot());
        }
        _progressed(_applied);
    }

    /// <summary>Takes the snapshot that was asked for, or a newer one when it is gone: entries up to it are then skipped.</summary>
    private void Restore(SnapshotMeta asked)
    {
        if (asked.Index <= _applied) return;
        using var stored = _store.Open(asked.Index)
            ?? (_store.Latest is { } latest && latest.Index > asked.Index ? _store.Open(latest.Index) : null)
            ?? throw new InvalidDataException($"the snapshot at {asked.Index} is gone");
        using (var stream = stored.OpenRead()) _sessions.Deserialize(SnapshotEnvelope.Read(stream));
        _machine.RestoreAsync(new SnapshotEnvelope.Reader(stored), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        _appliedMeta = stored.Meta;
        _bytesSinceSnapshot = 0;
        Volatile.Write(ref _applied, stored.Meta.Index);
        _metrics.SnapshotInstalled(stored.Bytes);
    }

    /// <summary>Nobody waits for ever: what was committed but not applied here has an unknown fate for its proposer.</summary>
    private void AbandonAll()
    {
        lock (_gate)
        {
            _stopping = true;
            for (var i = _done; i < _running.Count; i++) Abandon(_running[i]);
            foreach (var item in _queue) Abandon(item);
            _running.Clear();
            _queue.Clear();
        }
        foreach (var fence in _fences) fence.TrySetResult(default);
        _snapshots.Abandon();
    }

    private static void Abandon(in ApplyItem item)
    {
        switch (item.Subject)
        {
            case PendingProposal waiter: waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default)); break;
            case PendingFence fence: fence.TrySetResult(default); break;
            case TaskCompletionSource<SnapshotInfo> snapshot: snapshot.TrySetCanceled(); break;
            default: break;
        }
    }
}
