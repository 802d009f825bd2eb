using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Checkers;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.Workloads;
using VideoScale.Simulation.Workloads.Control;

namespace VideoScale.Simulation.World;

/// <summary>
/// A whole deployment in one thread, from one plan: the real cores in simulated time, on simulated networks, disks and clocks.
/// </summary>
internal sealed partial class Simulated
{
    private const int TickUs = 50_000; // as the product's driver ticks
    private const long PatienceMs = 30_000; // of simulated time: what healing may take at the very most

    private readonly Agenda _agenda = new();
    private readonly Stack<Parcel> _parcels = new();
    private readonly TextWriter? _log;
    private TraceHash _trace;
    private ulong _nextIdentity;
    private long _stalledUntilUs; // no disk syncs before

    public Simulated(Plan plan, TextWriter? log = null)
    {
        Plan = plan;
        _log = log;
        Chance = new Dice(unchecked(plan.Seed * 0x9E3779B97F4A7C15 + 77));
        Checker = new ConsensusChecker(this);
        Workload = plan.Product == Product.Journal ? new JournalWorkload(this) : new ControlWorkload(this);
        var voters = new MemberId[plan.Voters];
        for (var i = 0; i < voters.Length; i++) voters[i] = new MemberId((ulong)i + 1);
        var membership = Membership.Of(voters);
        _nextIdentity = (ulong)plan.Slots + 1;
        Replicas = new Replica[plan.Slots];
        for (var i = 0; i < plan.Slots; i++)
        {
            var joins = i >= plan.Voters; // an empty machine: it learns who is in from the log
            Replicas[i] = new Replica(this, i, new MemberId((ulong)i + 1), joins ? Membership.Of() : membership, DrawClock());
        }
        var ends = plan.Slots + plan.MediaNodes;
        _cuts = new int[ends, ends];
        _clogs = new long[ends, ends];
        _slow = new (long, long)[ends, ends];
    }

    public Plan Plan { get; }
    public Dice Chance { get; }
    public ConsensusChecker Checker { get; }
    public Workload Workload { get; }
    public Replica[] Replicas { get; }

    /// <summary>Disks of identities that are gone with their machines' contents: what they had is still what others counted on.</summary>
    public List<(MemberId Member, ReplicaDisk Disk)> Gone { get; } = [];
    public long NowUs { get; private set; }
    public long NowMs => NowUs / 1000;

    /// <summary>Delivered messages and finished input and output: what the rate of a run is counted in. Ticks are none.</summary>
    public long Events { get; private set; }
    public ulong Trace => _trace.Value;
    public bool IsHealed { get; private set; }

    /// <summary>No new work is begun any more.</summary>
    public bool IsQuiet { get; private set; }

    /// <summary>
    /// Faults first; then all is healed, and within a bounded time everything must work again and everybody must have caught up.
    /// </summary>
    public void Run()
    {
        foreach (var replica in Replicas) replica.Start();
        for (var i = 0; i < Plan.Faults.Count; i++)
            if (Plan.Faults[i].AtMs < Plan.FaultsUntilMs) // a shortened plan may hold later ones, which nothing would end
                _agenda.Add(Plan.Faults[i].AtMs * 1000, new Due(Happening.Fault, 0, 0, (ulong)i, null));
        _agenda.Add(500_000, new Due(Happening.Operator, 0, 0, 0, null));
        Workload.Begin();
        RunUntil(Plan.FaultsUntilMs);
        Heal();
        var before = Workload.Progress;
        RunUntil(Plan.TimeMs);
        Await(() => Workload.Progress > before ? null : "nothing goes through after healing");
        Await(NotArrived);
        IsQuiet = true;
        Await(NotConverged);
        Workload.Finish();
    }

    private void Await(Func<string?> missing)
    {
        var (beganMs, untilMs, applied) = (NowMs, NowMs + PatienceMs, 0UL);
        while (missing() is { } why)
        {
            var now = 0UL;
            foreach (var replica in Replicas) now += replica.Applied;
            // slow lines are slow, as long as they move
            if (IsQuiet && now > applied && NowMs < beganMs + 20 * PatienceMs) untilMs = NowMs + PatienceMs;
            applied = now;
            if (NowMs >= untilMs) throw new Violation("liveness", $"{why}: {Describe()}");
            RunUntil(NowMs + 200);
        }
    }

    private void RunUntil(long untilMs)
    {
        var untilUs = untilMs * 1000;
        while (_agenda.NextAtUs <= untilUs)
        {
            NowUs = _agenda.Take(out var due);
            Planted.NowNs = NowUs * 1000;
            Happen(due);
        }
        NowUs = untilUs;
    }

    private void Happen(in Due due)
    {
        _trace.Add((ulong)NowUs << 8 | (ulong)due.Kind);
        _trace.Add(((ulong)due.Who << 48) ^ due.Number);
        switch (due.Kind)
        {
            case Happening.Tick: Tick(Replicas[due.Who], due); break;
            case Happening.Deliver: Deliver(due); break;
            case Happening.Synced: Synced(due); break;
            case Happening.SnapshotStored: SnapshotStored(due); break;
            case Happening.SnapshotPiece: SnapshotPiece(due); break;
            case Happening.SnapshotKept: SnapshotKept(due); break;
            case Happening.Fault: Inject(Plan.Faults[(int)due.Number]); break;
            case Happening.FaultEnds: EndFault(due); break;
            case Happening.Operator: Operate(); break;
            case Happening.Asked or Happening.Answered:
                Events++;
                Workload.Happen(due);
                break;
            default: Workload.Happen(due); break;
        }
    }

    /// <summary>Something was delivered or done.</summary>
    public void Counted() => Events++;

    public void At(long atUs, in Due due) => _agenda.Add(atUs, due);

    /// <summary>In trace mode, one line of what happens now.</summary>
    public void Tell(string what) => _log?.WriteLine($"{NowUs / 1e6,10:0.000000} {what}");

    public bool IsTraced => _log is not null;

    public void ScheduleTick(Replica replica) =>
        _agenda.Add(NowUs + replica.Clock.TrueUs(TickUs) - 1_000 + Chance.Below(2_000),
            new Due(Happening.Tick, replica.Slot, replica.Life, 0, null));

    private void Tick(Replica replica, in Due due)
    {
        if (replica.Life != due.Life) return;
        if (replica.IsPaused)
        {
            _agenda.Add(replica.ResumesUs, due);
            return;
        }
        ScheduleTick(replica);
        replica.Step(RaftInput.Tick());
        Checker.Ticked(replica);
    }

    public void BeginSync(Replica replica)
    {
        replica.Disk.BeginSync();
        var slow = replica.SlowUntilUs > NowUs ? 20 : 1;
        _agenda.Add(NowUs + 50 + Chance.Below(Plan.MaxSyncUs) * slow, new Due(Happening.Synced, replica.Slot, replica.Life, 0, null));
    }

    private void Synced(in Due due)
    {
        var replica = Replicas[due.Who];
        if (replica.Life != due.Life || WaitsForPause(replica, due)) return;
        if (_stalledUntilUs > NowUs)
        {
            _agenda.Add(_stalledUntilUs + Chance.Below(5_000), due);
            return;
        }
        Events++;
        replica.Synced();
    }

    public void StoreSnapshot(Replica replica, StoredSnapshot snapshot) =>
        _agenda.Add(NowUs + 100 + Chance.Below(Chance.OneIn(8) ? 500_000 : 30_000),
            new Due(Happening.SnapshotStored, replica.Slot, replica.Life, snapshot.Meta.Index, snapshot));

    private void SnapshotStored(in Due due)
    {
        var replica = Replicas[due.Who];
        if (replica.Life != due.Life || WaitsForPause(replica, due)) return;
        Events++;
        replica.SnapshotStored((StoredSnapshot)due.What!);
    }

    private bool WaitsForPause(Replica replica, in Due due)
    {
        if (!replica.IsPaused) return false;
        _agenda.Add(replica.ResumesUs, due);
        return true;
    }

    private ProcessClock DrawClock()
    {
        var drift = Plan.DriftPpm == 0 ? 0 : Chance.Between(-Plan.DriftPpm, Plan.DriftPpm);
        return new ProcessClock(drift, (long)Chance.Below(1_000_000) * 1_000_000);
    }

    public ProcessClock NewClock() => DrawClock();

    private string? NotConverged()
    {
        Replica? leader = null;
        foreach (var replica in Replicas)
            if (replica.IsLeader && (leader is null || replica.Core!.Term > leader.Core!.Term)) leader = replica;
        if (leader is null) return "no leader after healing";
        if (leader.Applied < leader.Core!.Log.LastIndex) return "what was proposed is not committed";
        foreach (var replica in Replicas)
        {
            if (replica.Core is null || !leader.Core.Membership.IsMember(replica.Id)) continue;
            if (replica.Applied != leader.Applied) return $"{replica.Id} did not catch up";
        }
        return Workload.NotConverged(leader);
    }

    public string Describe() => string.Join("; ", Replicas.Select(replica => replica.Core is not { } core ? $"{replica.Id} down"
        : $"{replica.Id} {core.Role} term {core.Term} commit {core.CommitIndex} applied {replica.Applied} last {core.Log.LastIndex} base "
            + $"{core.Log.BaseIndex} voters "
            + $"{string.Join(',', core.Membership.Voters)}/{string.Join(',', core.Membership.OutgoingVoters)}"));
}
