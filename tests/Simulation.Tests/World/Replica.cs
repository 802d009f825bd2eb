using VideoScale.Consensus;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Checkers;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

/// <summary>One simulated replica: the real core and the real session table, a simulated disk, a machine above.</summary>
internal sealed partial class Replica
{
    private readonly Simulated _world;
    private readonly Effects _effects = new();
    private readonly Queue<Waiter> _waiters = new();
    private readonly List<(ulong Context, ulong Index)> _reads = [];
    private readonly SessionTable _sessions = new();
    private Membership _appliedMembership = Membership.Of();
    private ulong _appliedMembershipIndex;
    private ulong _commitSeen;
    private ulong _nextRead;
    private bool _snapshotting;
    private ulong _restoredTo;
    private Membership _initial;

    private readonly record struct Waiter(ulong Index, ulong Term, object What);

    public Replica(Simulated world, int slot, MemberId id, Membership initial, ProcessClock clock)
    {
        (_world, Slot, Id, Clock, _initial) = (world, slot, id, clock, initial);
        Machine = world.Workload.MachineFor(this);
        Disk = new ReplicaDisk(initial, Machine.Capture(), NewOrigin());
    }

    public int Slot { get; }
    public MemberId Id { get; private set; }
    public ProcessClock Clock { get; }
    public ReplicaDisk Disk { get; private set; }
    public IMachine Machine { get; private set; }
    public RaftCore? Core { get; private set; }

    /// <summary>Counts starts and crashes: what was planned in an earlier life does not happen any more.</summary>
    public int Life { get; private set; }
    public long PausedUntilUs { get; set; }
    public long SlowUntilUs { get; set; }

    /// <summary>A synced record of its log rotted; nobody has noticed yet.</summary>
    public bool IsRotten { get; set; }
    /// <summary>Whether its word counts as a voter's: its disk is whole, or will be found to be.</summary>
    public bool IsSound => !IsRotten && !Disk.IsDamaged && !Disk.IsLost && !StaysDown;
    public bool StaysDown { get; set; }

    /// <summary>Its disk is being replaced.</summary>
    public long AwayUntilUs { get; set; }
    public ulong Applied { get; private set; }
    public ulong AppliedTerm { get; private set; }

    /// <summary>Hash of all entries applied.</summary>
    public ulong Chain { get; private set; }
    public bool IsLeader => Core is { Role: RaftRole.Leader };
    public bool IsPaused => PausedUntilUs > _world.NowUs;

    /// <summary>When something that waits for a paused process is taken up: what timers and sockets hold comes in any order.</summary>
    public long ResumesUs => PausedUntilUs + _world.Chance.Below(20_000);
    public bool Runs => Core is not null && !IsPaused;

    public void Start()
    {
        if (Core is not null || StaysDown || AwayUntilUs > _world.NowUs) return;
        if (IsRotten)
        {
            Disk.Rot(_world.Chance); // found now: what lies behind the rot is set aside
            IsRotten = false;
        }
        Life++;
        Machine = _world.Workload.MachineFor(this);
        var plan = _world.Plan;
        var options = new RaftOptions
        {
            ElectionTicks = plan.ElectionTicks,
            HeartbeatTicks = plan.HeartbeatTicks,
            MaxAppendBytes = plan.MaxAppendBytes,
            MaxInflightAppends = plan.MaxInflight,
        };
        Core = new RaftCore(Id, Disk.Load(), options, _world.Chance.Next());
        Restore(Disk.Snapshot);
        _commitSeen = Core.CommitIndex;
        _nextRead = ((ulong)Life << 32) | (Id.Value << 52);
        _snapshotting = false;
        _world.ScheduleTick(this);
        _world.Workload.Started(this);
    }

    public void Crash()
    {
        if (Core is null) return;
        Core = null;
        Life++;
        Disk.Crash(_world.Chance);
        _waiters.Clear();
        _reads.Clear();
        _world.Workload.Stopped(this);
    }

    /// <summary>The machine loses its disk; whoever runs here next is somebody else.</summary>
    public void Wipe(MemberId id)
    {
        Crash();
        Id = id;
        IsRotten = false;
        Machine = _world.Workload.MachineFor(this);
        _initial = Membership.Of();
        Disk = new ReplicaDisk(_initial, Machine.Capture(), NewOrigin());
        _appliedMembership = Membership.Of();
    }

    /// <summary>The log is gone, and its member comes back as if nothing had been.</summary>
    /// <param name="whole">With all of the directory, which is as new again; else the log alone, and what is left says that there was
    /// one.</param>
    public void LoseLog(bool whole)
    {
        Crash();
        IsRotten = false;
        var old = Disk;
        Machine = _world.Workload.MachineFor(this);
        Disk = new ReplicaDisk(_initial, Machine.Capture(), whole ? NewOrigin() : old.Origin)
        {
            IsLost = old.IsLost || !old.Origin.IsNew,
            IsDamaged = !whole && !old.Origin.IsNew,
        };
        if (!whole) Disk.Keep(old.Snapshot);
        _appliedMembership = Membership.Of();
    }

    private LogOrigin NewOrigin() => new(_world.Chance.Next() | 1, IsNew: true, []);

    public void Step(in RaftInput input)
    {
        if (Core is not { } core) return;
        var (role, term, commit) = (core.Role, core.Term, core.CommitIndex);
        Planted.Salt = Id.Value;
        var (wasNew, refusedBy, confirms) = (core.IsNew, core.RefusedBy, input.Kind == RaftInputKind.Message
            && input.Message is { Kind: MessageKind.Heartbeat, RepairNonce: not 0 });
        core.Step(input, _effects);
        if (_effects.OriginChanged) Disk.Origin = core.Origin;
        if (wasNew && !core.IsNew && !Disk.IsLost) Marks.Hit(Mark.NewLogAccepted);
        if (refusedBy.IsNone && !core.RefusedBy.IsNone) Marks.Hit(Mark.LostLogRefused);
        if (confirms && (Disk.IsDamaged || Disk.IsLost) && !core.IsRepairing) Disk.Repaired();
        ConsensusChecker.TakesPart(this, _effects.LossFound ?? core.Conflict);
        if (_effects.Write is { } write) Write(write);
        foreach (ref readonly var message in _effects.Messages)
        {
            _world.Checker.Vouches(message, this);
            _world.Send(message);
        }
        foreach (var member in _effects.SnapshotsToSend) _world.SendSnapshot(this, member);
        if (_effects.Install is not null) Restore(Disk.Snapshot);
        if (core.Role == RaftRole.Leader) LookAtLeader(role != RaftRole.Leader || term != core.Term);
        else if (role != RaftRole.Leader && core.CommitIndex > commit) ConsensusChecker.Follows(this);
        if (core.Role != RaftRole.Leader && role == RaftRole.Leader) _waiters.Clear(); // whoever proposed does not know its fate
        if (core.Term != term && core.Vote == Id && core.Role is RaftRole.Candidate or RaftRole.Leader)
            _world.Checker.Campaigned(this, input, term);
        ApplyAll();
        foreach (var read in _effects.Reads) OnRead(read);
        ServeReads();
        if (_effects.RoleChanged) _world.Workload.RoleChanged(this);
        if (!_snapshotting && Applied >= Disk.Snapshot.Meta.Index + (ulong)_world.Plan.SnapshotEvery) BeginSnapshot();
    }

    /// <returns>False when this replica does not take it: whoever asked may ask elsewhere.</returns>
    public bool Propose(ProposalId id, byte[] payload, object waiter)
    {
        if (Core is not { Role: RaftRole.Leader } core || core.Log.LastIndex > core.CommitIndex + 200) return false;
        Proposal proposal = new(id, payload);
        Step(RaftInput.Propose(new ReadOnlySpan<Proposal>(in proposal)));
        if (_effects.ProposalsAccepted != 1) return false;
        _waiters.Enqueue(new Waiter(_effects.FirstProposal, core.Term, waiter)); // not applied yet: at least a sync lies between
        return true;
    }

    /// <summary>The context of the next read: its answer may come before <see cref="Read"/> returns.</summary>
    public ulong NextReadContext => _nextRead;

    public void Read() => Step(RaftInput.Read(_nextRead++));

    public void Synced()
    {
        var last = Disk.EndSync();
        if (Disk.IsDirty) _world.BeginSync(this);
        Step(RaftInput.Stored(last.Token, last.Term, last.LastIndex));
    }

    private void Write(in WriteEffect effect)
    {
        var log = Core!.Log;
        var write = Disk.Enqueue(effect);
        for (var index = effect.FirstIndex; index <= effect.LastIndex; index++)
        {
            ref readonly var entry = ref log[index];
            _world.Checker.Wrote(entry, log.TermAt(index - 1), this);
            write.Entries.Add(entry);
        }
        if (Disk.Syncing == 0) _world.BeginSync(this);
    }

    private void LookAtLeader(bool isNew)
    {
        var core = Core!;
        if (isNew)
        {
            _waiters.Clear();
            _commitSeen = core.CommitIndex;
            _world.Checker.Leads(this);
        }
        if (core.CommitIndex > _commitSeen) _world.Checker.Committed(this, core.CommitIndex);
        _commitSeen = core.CommitIndex;
    }
}
