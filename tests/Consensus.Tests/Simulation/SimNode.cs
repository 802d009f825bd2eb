using System.Buffers.Binary;

namespace VideoScale.Consensus.Tests.Simulation;

/// <summary>One simulated replica: the real core with a simulated disk, and a state machine that remembers every command.</summary>
internal sealed class SimNode(SimCluster cluster, MemberId id, Membership initial)
{
    private readonly Effects _effects = new();
    private readonly Dictionary<ulong, (ulong Term, ulong Floor)> _writes = [];
    private readonly Dictionary<ulong, ulong> _readFloors = [];
    private readonly List<(ulong Index, ulong Floor)> _readsToServe = [];
    private List<ulong> _state = [];
    private Membership _appliedMembership = initial;
    private ulong _appliedMembershipIndex;
    private ulong _appliedTerm;
    private ulong _nextRead;
    private ulong _commitSeen;
    private bool _snapshotting;

    public MemberId Id { get; } = id;
    public SimDisk Disk { get; } = new(initial);
    public RaftCore? Core { get; private set; }
    public int Incarnation { get; private set; }
    public long PausedUntil { get; set; }
    public long SlowUntil { get; set; }
    public ulong Applied { get; private set; }
    public IReadOnlyList<ulong> State => _state;

    public void Start()
    {
        Incarnation++;
        var restored = Disk.Load();
        var options = new RaftOptions { ElectionTicks = cluster.Plan.ElectionTicks, HeartbeatTicks = 1 + cluster.Plan.Seed % 2, MaxAppendBytes = cluster.Plan.MaxAppendBytes, MaxInflightAppends = cluster.Plan.MaxInflight };
        Core = new RaftCore(Id, restored, options, (ulong)cluster.Random.NextInt64());
        Restore(Disk.Snapshot);
        _commitSeen = Core.CommitIndex;
        _nextRead = ((ulong)Incarnation << 32) | (Id.Value << 56);
        _snapshotting = false;
        cluster.ScheduleTick(this);
    }

    public void Crash()
    {
        if (Core is null) return;
        Core = null;
        Incarnation++;
        Disk.Crash(cluster.Random);
        _writes.Clear();
        _readFloors.Clear();
        _readsToServe.Clear();
        cluster.Mark("crash");
    }

    public void Step(in RaftInput input)
    {
        if (Core is null) return;
        var wasLeader = Core.Role == RaftRole.Leader;
        Core.Step(input, _effects);
        if (_effects.Write is { } write) Write(write);
        foreach (var message in _effects.Messages)
        {
            SimChecker.Vouches(message, this);
            cluster.Send(message);
        }
        foreach (var member in _effects.SnapshotsToSend) cluster.SendSnapshot(this, member);
        if (_effects.Install is not null)
        {
            Restore(Disk.Snapshot);
            cluster.Mark("install snapshot");
        }
        if (Core.Role == RaftRole.Leader) LookAtLeader(wasLeader);
        else if (wasLeader) _writes.Clear(); // whoever proposed does not know their fate
        for (var index = _effects.ApplyFrom; index <= _effects.ApplyTo; index++) Apply(Core.Log[index]);
        foreach (var read in _effects.Reads) OnRead(read);
        ServeReads();
        MaybeSnapshot();
    }

    public void Propose(ulong command)
    {
        if (Core is not { Role: RaftRole.Leader } || Core.Log.LastIndex > Core.CommitIndex + 100) return;
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, command);
        var floor = cluster.Checker.Floor;
        Step(RaftInput.Propose([new Proposal(ProposalId.None, payload)]));
        if (_effects.ProposalsAccepted != 1) return;
        var index = _effects.FirstProposal;
        if (Applied >= index) cluster.Checker.Acknowledged(index, floor); // alone and at once: cannot be, a sync lies between
        else _writes[index] = (Core.Term, floor);
    }

    public void Read()
    {
        if (Core is null) return;
        var context = _nextRead++;
        _readFloors[context] = cluster.Checker.Floor;
        Step(RaftInput.Read(context));
    }

    private void LookAtLeader(bool wasLeader)
    {
        var core = Core!;
        cluster.Checker.Leads(Id, core.Term, core.Membership, cluster.Nodes);
        if (!wasLeader)
        {
            cluster.Mark("election");
            _commitSeen = core.CommitIndex;
        }
        if (core.CommitIndex > _commitSeen && core.Log.TermAt(core.CommitIndex) != core.Term)
            throw new SimViolation($"{Id} leads term {core.Term} and committed an entry of term {core.Log.TermAt(core.CommitIndex)} by counting");
        if (core.CommitIndex > _commitSeen)
            SimChecker.Committed(core.CommitIndex, core.Log.TermAt(core.CommitIndex), core.Membership, cluster.Nodes);
        _commitSeen = core.CommitIndex;
    }

    private void Write(in WriteEffect write)
    {
        var log = Core!.Log;
        var entries = new List<Entry>();
        for (var index = write.FirstIndex; index <= write.LastIndex; index++)
        {
            cluster.Checker.Wrote(log[index], log.TermAt(index - 1));
            entries.Add(log[index]);
        }
        if (entries.Count > 0 && write.FirstIndex <= Disk.LastIndex) cluster.Mark("overwrite");
        Disk.Unsynced.Enqueue(new SimWrite(write.Token, write.Term, write.LastIndex, write.HardState, write.ResetTo, [.. entries]));
        cluster.ScheduleSync(this);
    }

    public void Synced()
    {
        if (!Disk.Unsynced.TryDequeue(out var write)) return;
        Disk.Write(write, write.Entries.Length);
        Step(RaftInput.Stored(write.Token, write.Term, write.LastIndex));
    }

    private void Apply(in Entry entry)
    {
        if (entry.Index != Applied + 1) throw new SimViolation($"{Id} applied {entry.Index} after {Applied}");
        Applied = entry.Index;
        _appliedTerm = entry.Term;
        cluster.Checker.Applied(entry);
        if (entry.Kind == EntryKind.Command) _state.Add(SimChecker.CommandOf(entry));
        if (entry.Kind == EntryKind.Configuration)
        {
            _appliedMembership = MembershipCodec.Decode(entry.Payload.Span);
            _appliedMembershipIndex = entry.Index;
            cluster.Mark(_appliedMembership.IsJoint ? "joint membership" : "membership");
        }
        if (!_writes.Remove(entry.Index, out var write)) return;
        if (write.Term != entry.Term) throw new SimViolation($"a leader of term {write.Term} applied term {entry.Term} in its place");
        cluster.Checker.Acknowledged(entry.Index, write.Floor);
        cluster.Mark("write");
    }

    private void OnRead(in ReadState read)
    {
        if (!_readFloors.Remove(read.Context, out var floor)) return; // a repeated answer
        if (read.Ok) _readsToServe.Add((read.Index, floor));
    }

    private void ServeReads()
    {
        for (var i = _readsToServe.Count - 1; i >= 0; i--)
        {
            if (_readsToServe[i].Index > Applied) continue;
            cluster.Checker.Read(Applied, _readsToServe[i].Floor);
            cluster.Mark(Core!.Role == RaftRole.Leader ? "read at leader" : "read at follower");
            _readsToServe.RemoveAt(i);
        }
    }

    private void Restore(SimSnapshot snapshot)
    {
        _state = [.. snapshot.Commands];
        Applied = snapshot.Meta.Index;
        _appliedTerm = snapshot.Meta.Term;
        _appliedMembership = snapshot.Meta.Membership;
        _appliedMembershipIndex = snapshot.Meta.MembershipIndex;
    }

    private void MaybeSnapshot()
    {
        if (_snapshotting || Applied < Disk.Snapshot.Meta.Index + (ulong)cluster.Plan.SnapshotEvery) return;
        _snapshotting = true;
        var snapshot = new SimSnapshot(new SnapshotMeta(Applied, _appliedTerm, _appliedMembership, _appliedMembershipIndex), [.. _state]);
        cluster.After(this, cluster.Random.Next(30), () =>
        {
            _snapshotting = false;
            Disk.Keep(snapshot);
            Step(RaftInput.SnapshotCreated(snapshot.Meta));
            var core = Core!;
            var target = core.Snapshot.Index - Math.Min(core.Snapshot.Index, (ulong)cluster.Plan.TailEntries);
            if (target <= core.Log.BaseIndex) return;
            Step(RaftInput.Compact(target));
            Disk.Compact(core.Log.BaseIndex, core.Log.BaseTerm);
            cluster.Mark("compact");
        });
    }
}
