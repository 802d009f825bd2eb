using System.Diagnostics;
using System.Runtime.InteropServices;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>The loop: takes what came in, steps the core, carries out its effects. Everything here runs on the loop thread alone.</summary>
public sealed partial class ReplicatedLog
{
    /// <summary>
    /// Entries that a new leader may have to apply before it serves; about as many as are applied within one turn of an early election.
    /// </summary>
    private const ulong MaxApplyLagToLead = 128;

    private readonly Effects _effects = new();
    private readonly List<Proposal> _proposals = new(1024);
    private readonly List<ApplyItem> _handover = new(1024);
    private readonly Queue<Waiting> _waiters = new(1024);
    private readonly List<ReadOnlyMemory<Entry>> _pieces = new(8);
    private readonly Queue<(ulong Token, long Since)> _writes = new();
    private TaskCompletionSource? _transfer;
    private ulong _handedTo;
    private ulong _offeredTo;
    private ulong _compactTo;
    private long _ticks;
    private volatile bool _stopping;
    private volatile bool _applyHeldUp;
    private bool _sent;

    private readonly record struct Waiting(ulong Index, PendingProposal Waiter);

    private void Run()
    {
        var batch = new InboxBatch();
        try
        {
            var tickTicks = Stopwatch.Frequency * _options.TickMs / 1000;
            var nextTick = Stopwatch.GetTimestamp() + tickTicks;
            while (!_stopping)
            {
                batch.Clear();
                var wait = nextTick - Stopwatch.GetTimestamp();
                batch = _inbox.Take(batch, wait <= 0 ? 0 : (int)(wait * 1000 / Stopwatch.Frequency) + 1);
                Work(batch);
                var now = Stopwatch.GetTimestamp();
                if (now >= nextTick)
                {
                    Tick();
                    // After a pause one tick, not all that were missed: silence counts only while we listened.
                    nextTick = now - nextTick > tickTicks ? now + tickTicks : nextTick + tickTicks;
                }
                EndTurn();
            }
        }
        catch (Exception e) { Fail(e); }
        finally { AbandonAll(batch); }
    }

    private void Work(InboxBatch batch)
    {
        if (batch.HasDurable)
        {
            NoteDurable(batch.DurableToken);
            Step(RaftInput.Stored(batch.DurableToken, batch.DurableTerm, batch.DurableIndex));
        }
        foreach (ref readonly var message in CollectionsMarshal.AsSpan(batch.Messages))
        {
            _heardAt[message.From] = _ticks;
            Step(RaftInput.Received(message));
            _inbox.LetGo(message);
        }
        batch.Messages.Clear();
        foreach (var control in batch.Controls) Handle(control);
        batch.Controls.Clear();
        if (batch.Proposals.Count > 0) Propose(batch);
        if (batch.Reads.Count > 0) BeginRead(batch.Reads);
    }

    private void Step(in RaftInput input)
    {
        _core.Step(input, _effects);
        if (_effects.OriginChanged) _options.OriginChanged?.Invoke(_core.Origin); // rare, and nothing may be sent before
        if (_effects.LossFound is { } loss) _options.LossFound?.Invoke(loss);
        if (_effects.ConflictFound is { } conflict) _options.ConflictFound?.Invoke(conflict);
        if (_effects.Write is { } write) Write(write);
        foreach (ref readonly var message in _effects.Messages) _transport.Send(message.To, message);
        _sent |= _effects.Messages.Length > 0;
        foreach (var member in _effects.SnapshotsToSend) SendSnapshot(member);
        if (_effects.Install is { } meta) Install(meta);
        if (_effects.ApplyTo >= _effects.ApplyFrom)
        {
            _metrics.Committed((long)(_effects.ApplyTo - _effects.ApplyFrom + 1));
            _offeredTo = _effects.ApplyTo;
        }
        if (_effects.Reads.Length > 0) FinishReads(_effects.Reads);
        if (_effects.RoleChanged) OnRoleChanged();
    }

    private void Write(in WriteEffect write)
    {
        _pieces.Clear();
        for (var from = write.FirstIndex; from <= write.LastIndex;)
        {
            var piece = _core.Log.Slice(from, write.LastIndex, long.MaxValue, out _);
            _pieces.Add(piece);
            from += (ulong)piece.Length;
        }
        _writes.Enqueue((write.Token, Stopwatch.GetTimestamp()));
        _wal.Append(new WriteBatch
        {
            Token = write.Token,
            Term = write.Term,
            LastIndex = write.LastIndex,
            HardState = write.HardState,
            HardStateChanged = write.HardStateChanged,
            ResetTo = write.ResetTo,
            Entries = CollectionsMarshal.AsSpan(_pieces),
        });
    }

    private void NoteDurable(ulong token)
    {
        var now = Stopwatch.GetTimestamp();
        while (_writes.TryPeek(out var write) && write.Token <= token)
        {
            NoteWritten((now - write.Since) * 1000.0 / Stopwatch.Frequency);
            _writes.Dequeue();
        }
    }

    private void Propose(InboxBatch batch)
    {
        _proposals.Clear();
        foreach (ref readonly var queued in CollectionsMarshal.AsSpan(batch.Proposals))
            _proposals.Add(new Proposal(queued.Id, queued.Payload));
        Step(RaftInput.Propose(CollectionsMarshal.AsSpan(_proposals)));
        var (accepted, first) = (_effects.ProposalsAccepted, _effects.FirstProposal);
        for (var i = 0; i < batch.Proposals.Count; i++)
        {
            var queued = batch.Proposals[i];
            if (i < accepted) _waiters.Enqueue(new Waiting(first + (ulong)i, queued.Waiter));
            else
            {
                var reason = _core.Role == RaftRole.Leader && !_core.IsTransferring ? RejectReason.Overloaded : RejectReason.NotLeader;
                queued.Waiter.Finish(new ProposeResult(Outcome.Rejected, 0, _core.Term, default, reason));
            }
            _slabs.Release(queued.Payload);
        }
        if (accepted > 0) _metrics.Proposed(accepted);
        if (accepted < batch.Proposals.Count) _metrics.Rejected(batch.Proposals.Count - accepted);
        batch.Proposals.Clear();
    }

    private void Handle(in Control control)
    {
        switch (control.Kind)
        {
            case ControlKind.SnapshotDone: OnSnapshotDone((SnapshotDone)control.Subject!); break;
            case ControlKind.SnapshotReceived:
                Step(RaftInput.SnapshotReceived(control.Member, control.Number, (SnapshotMeta)control.Subject!)); break;
            case ControlKind.SnapshotSent: Step(RaftInput.SnapshotSent(control.Member, control.Number, control.Ok)); break;
            case ControlKind.Disconnected:
                Step(RaftInput.Disconnected(control.Member, canServe: _offeredTo <= _apply.Applied + MaxApplyLagToLead)); break;
            case ControlKind.ChangeMembership: BeginMembershipChange((PendingMembershipChange)control.Subject!); break;
            case ControlKind.Abstain: Step(RaftInput.Abstain()); break;
            case ControlKind.StandAside: Step(RaftInput.StandAside(control.Ok)); break;
            case ControlKind.SetBack: MeetSetBack(control.Member, (SetBackReport)control.Subject!); break;
            case ControlKind.Transfer: BeginTransfer(control.Member, (TaskCompletionSource)control.Subject!); break;
            default: Fail((Exception)control.Subject!); break;
        }
    }

    private void Tick()
    {
        Volatile.Write(ref _ticks, _ticks + 1);
        Step(RaftInput.Tick());
        TickReads();
        TickTransfer();
        TickMembership();
        TickSending();
        TickQuarantine();
        if (_ticks % 64 == 0) Compact(); // what derived logs held up may have become free
    }

    private void EndTurn()
    {
        if (_sent) _transport.Flush();
        _sent = false;
        HandOver();
        FollowMembership();
        RetryReads();
        Publish();
    }

    /// <summary>Hands committed entries to the apply thread, with their waiters, but never more than it may be behind.</summary>
    private void HandOver()
    {
        var limit = Math.Min(_offeredTo, _apply.Applied + (ulong)_options.MaxApplyAhead);
        for (; _handedTo < limit; _handedTo++)
        {
            ref readonly var entry = ref _core.Log[_handedTo + 1];
            PendingProposal? waiter = null;
            if (_waiters.TryPeek(out var next) && next.Index == entry.Index) waiter = _waiters.Dequeue().Waiter;
            _slabs.Retain(entry.Payload); // a snapshot from the leader may drop the log while this waits
            _handover.Add(new ApplyItem(ApplyKind.Entry, entry, waiter));
        }
        _applyHeldUp = _handedTo < _offeredTo;
        if (_handover.Count > 0) _apply.AddAll(_handover);
    }

    /// <summary>Apply thread: it got further.</summary>
    private void OnApplied(ulong applied)
    {
        if (_applyHeldUp) _inbox.Nudge();
    }

    private void OnRoleChanged()
    {
        if (_core.Role == RaftRole.Candidate) _metrics.ElectionBegun();
        if (_core.Role == RaftRole.Leader && !_leading) _metrics.ElectionWon();
        if (_core.Role != RaftRole.Leader)
        {
            AdvanceMembershipChange();
            // Another leader may commit them or not.
            while (_waiters.TryDequeue(out var waiting)) waiting.Waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
            FinishTransfer();
        }
        _askReadsAgain = true;
        Publish();
        var change = new RoleChange(RoleOf(_core.Role), _core.Term, _core.Leader);
        LogRole(_options.Self, change.Role, change.Term, change.Leader);
        _roles.Publish(change);
    }

    private void AbandonAll(InboxBatch current)
    {
        _leading = false;
        _inbox.Stop();
        var unknown = new ProposeResult(Outcome.Unknown, 0, 0, default);
        while (_waiters.TryDequeue(out var waiting)) waiting.Waiter.Finish(unknown);
        var last = _inbox.Take(new InboxBatch(), 0);
        foreach (var batch in (ReadOnlySpan<InboxBatch>)[current, last])
        {
            foreach (var queued in batch.Proposals) queued.Waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
            foreach (var read in batch.Reads) read.TrySetResult(default);
            foreach (var control in batch.Controls)
            {
                (control.Subject as TaskCompletionSource)?.TrySetResult();
                (control.Subject as PendingMembershipChange)?.TrySetResult(new MembershipResult(Outcome.Unknown, 0));
                (control.Subject as SetBackReport)?.Done.TrySetResult(false);
                if (control.Subject is SnapshotDone done) CancelAll(done.Askers);
            }
        }
        AbandonReads();
        AbandonMembershipChange();
        FinishTransfer();
        _apply.Stop();
    }
}
