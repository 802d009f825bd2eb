using VideoScale.Consensus;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Checkers;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

internal sealed partial class Replica
{
    private void ApplyAll()
    {
        var (from, to) = (_effects.ApplyFrom, _effects.ApplyTo);
        if (from > to) return;
        for (var index = from; index <= to; index++) Apply(Core!.Log[index]);
        Machine.EndOfRun(Applied);
        _world.Checker.Hashed(this);
    }

    private void Apply(in Entry entry)
    {
        // a newer snapshot was restored than the one that was asked for, as the driver may
        if (entry.Index <= Applied && Applied == _restoredTo) return;
        if (entry.Index != Applied + 1) throw new Violation("apply-order", $"{Id} applied {entry.Index} after {Applied}");
        (Applied, AppliedTerm) = (entry.Index, entry.Term);
        Chain = _world.Checker.Applied(entry, Chain);
        object? reply = null;
        if (entry.Kind == EntryKind.Command) reply = ApplyCommand(entry);
        else if (entry.Kind == EntryKind.Configuration)
        {
            _appliedMembership = MembershipCodec.Decode(entry.Payload.Span);
            _appliedMembershipIndex = entry.Index;
        }
        while (_waiters.TryPeek(out var waiter) && waiter.Index <= entry.Index)
        {
            _waiters.Dequeue();
            if (waiter.Index == entry.Index && waiter.Term == entry.Term) _world.Workload.Proposed(this, waiter.What, entry.Index, reply);
        }
    }

    private object? ApplyCommand(in Entry entry)
    {
        if (entry.Id != ProposalId.None)
        {
            switch (_sessions.Find(entry.Id, out var known))
            {
                case SessionAnswer.Repeated:
                    Marks.Hit(Mark.ProposalRepeated);
                    return _world.Workload.Repeated(known.Reply);
                case SessionAnswer.Expired: throw new Violation("exactly-once", $"{Id} forgot session {entry.Id.Session}");
                default: break;
            }
        }
        var reply = Machine.Apply(entry);
        if (entry.Id != ProposalId.None) _sessions.Record(entry.Id, entry.Index, entry.Term, reply as byte[] ?? []);
        return reply;
    }

    private void OnRead(in ReadState read)
    {
        if (read.Ok) _reads.Add((read.Context, read.Index));
        else _world.Workload.ReadDone(this, read.Context, 0, false);
    }

    private void ServeReads()
    {
        for (var i = 0; i < _reads.Count; i++)
        {
            if (_reads[i].Index > Applied) continue;
            var (context, index) = _reads[i];
            _reads.RemoveAt(i--);
            Marks.Hit(IsLeader ? Mark.ReadAtLeader : Mark.ReadAtFollower);
            _world.Workload.ReadDone(this, context, index, true);
        }
    }

    private void Restore(StoredSnapshot snapshot)
    {
        _sessions.Clear();
        if (snapshot.Sessions.Length > 0) _sessions.Deserialize(snapshot.Sessions);
        Machine.Restore(snapshot.State, snapshot.Meta.Index);
        (Applied, AppliedTerm, Chain) = (snapshot.Meta.Index, snapshot.Meta.Term, snapshot.Chain);
        _restoredTo = Applied;
        (_appliedMembership, _appliedMembershipIndex) = (snapshot.Meta.Membership, snapshot.Meta.MembershipIndex);
        _waiters.Clear();
        _world.Checker.Restored(this);
    }

    private void BeginSnapshot()
    {
        _snapshotting = true;
        var meta = new SnapshotMeta(Applied, AppliedTerm, _appliedMembership, Planted.Is(Bug.ConfigIndexIsSnapshotIndex) ? Applied
            : _appliedMembershipIndex);
        _world.StoreSnapshot(this, new StoredSnapshot(meta, _sessions.Serialize(), Machine.Capture(), Chain));
    }

    public void SnapshotStored(StoredSnapshot snapshot)
    {
        _snapshotting = false;
        (snapshot.State as IDeferred)?.Finish();
        var core = Core!;
        if (core.Snapshot.Index > snapshot.Meta.Index) Marks.Hit(Mark.SnapshotRacedByInstall);
        Disk.Keep(snapshot);
        Step(RaftInput.SnapshotCreated(snapshot.Meta));
        var target = core.Snapshot.Index - Math.Min(core.Snapshot.Index, (ulong)_world.Plan.TailEntries);
        if (target <= core.Log.BaseIndex) return;
        Step(RaftInput.Compact(target));
        Disk.Compact(core.Log.BaseIndex, core.Log.BaseTerm);
        Marks.Hit(Mark.LogCompacted);
    }
}
