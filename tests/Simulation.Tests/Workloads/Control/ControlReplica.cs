using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Placement;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.Standins;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>
/// One life of a control-plane replica: the product's state machine, leader loops, agent hub and lease grants, put together as its process
/// does.
/// </summary>
internal sealed class ControlReplica
{
    private readonly Simulated _world;
    private readonly Loop[] _loops;
    private ulong _sequence;
    private readonly ulong _session;
    private Task _granting = Task.CompletedTask;
    private ulong _reported;
    private readonly ClockExchange _clocks;
    private readonly ClockChecker _checker;

    private sealed record Loop(LeaderLoop Rounds, int PeriodMs)
    {
        public Task Running { get; set; } = Task.CompletedTask;
    }

    public ControlReplica(Simulated world, Replica replica, ControlChecker checker)
    {
        _world = world;
        Replica = replica;
        _session = world.Chance.Next() | 1;
        Machine = new ControlMachine(replica, checker);
        Log = new SimulatedLog(replica, context => Plan(2_000_000, new Work { ReadContext = context }));
        Time = new LogTimeSource(new SimulatedTime(replica.Clock, world), new SimulatedBootClock(replica, world));
        Machine.Inner.TimePassed = Time.Observed;
        _clocks = new ClockExchange(Time, new SimulatedMemberClocks(replica, world), Log, TimeProvider.System,
            NullLogger<ClockExchange>.Instance);
        _checker = checker.Clocks;
        var (clock, time, metrics) = (new SimulatedLeaseClock(replica, world), new SimulatedTime(replica.Clock, world),
            new ReplicaMetrics());
        Clock = clock;
        Terms = new LeaderTerms(Log, Leadership, Machine.Inner, clock);
        var fleet = new Fleet(clock, Leadership, new RoomQueue(int.MaxValue, Time), metrics);
        Machine.Feed.Add(fleet);
        Pipeline = new CommandPipeline { IsMine = () => Leadership.IsMine, WantsFlush = () => Plan(100, Work.Flush), Placer = fleet };
        Fleet = fleet;
        Queries = new StateQueries(Log, Machine.Inner);
        Hub = new AgentHub(Log, Machine.Inner, Terms, new LeaderForwarder());
        Machine.Feed.Add(Hub);
        Grants = new LeaseGrants(Log, Machine.Inner, Terms, Hub, clock);
        var commands = new LoopCommands(Pipeline);
        Checkpoints = new CheckpointLoop(Terms, Queries, commands, Log, Machine.Inner, e => throw new Violation("equal-states", e.Message),
            time, NullLogger<CheckpointLoop>.Instance);
        var drain = new DrainLoop(Terms, Queries, commands, fleet, Time, time, NullLogger<DrainLoop>.Instance);
        var placement = new PlacementLoop(Terms, Queries, commands, fleet, time, NullLogger<PlacementLoop>.Instance);
        Machine.Feed.Add(drain);
        Machine.Feed.Add(placement);
        _loops =
        [
            new(new LeaseLoop(Terms, Queries, commands, Hub, Time, clock, time, NullLogger<LeaseLoop>.Instance), 200),
            new(new HandOverLoop(Terms, Queries, commands, clock, time, NullLogger<HandOverLoop>.Instance), 250),
            new(drain, 500),
            new(placement, 300),
            new(new HousekeepingLoop(Terms, Queries, commands, Time, time, NullLogger<HousekeepingLoop>.Instance), 1_000),
            new(new LeadershipRecorder(Terms, Queries, commands, Log, time, NullLogger<LeadershipRecorder>.Instance), 1_000),
            new(Checkpoints, 500),
        ];
    }

    /// <summary>What is planned for a replica beside its own loops.</summary>
    public sealed class Work
    {
        public static readonly Work Flush = new();
        public RoleChange? Role { get; init; }
        public CommandPipeline.Batch? Batch { get; init; }
        public byte[]? Reply { get; init; }
        public ulong ReadContext { get; init; }
        public bool ReadOk { get; init; }
    }

    public Replica Replica { get; }
    public ControlMachine Machine { get; }
    public SimulatedLog Log { get; }
    public LogTimeSource Time { get; }
    public LeaseClock Clock { get; }
    public Leadership Leadership { get; } = new();
    public LeaderTerms Terms { get; }
    public CommandPipeline Pipeline { get; }
    public Fleet Fleet { get; }
    public StateQueries Queries { get; }
    public AgentHub Hub { get; }
    public LeaseGrants Grants { get; }
    public CheckpointLoop Checkpoints { get; }
    public int Life { get; set; }

    public void Begin()
    {
        Life = Replica.Life;
        for (var i = 0; i < _loops.Length; i++) PlanRound(i);
        PlanExchange(60_000);
    }

    /// <summary>Work is done between steps, never within one: as on the product's apply thread.</summary>
    public void Plan(long afterUs, Work work) =>
        _world.At(_world.NowUs + afterUs, new Due(Happening.Applied, Replica.Slot, Replica.Life, 0, work));

    private void PlanRound(int loop) =>
        _world.At(_world.NowUs + 1_000L * _loops[loop].PeriodMs - 20_000 + _world.Chance.Below(40_000),
            new Due(Happening.LoopRound, Replica.Slot, Life, (ulong)loop, null));

    private void PlanExchange(long afterUs) =>
        _world.At(_world.NowUs + afterUs, new Due(Happening.LoopRound, Replica.Slot, Life, (ulong)_loops.Length, null));

    /// <summary>All compare clocks, whoever leads.</summary>
    private void Exchange()
    {
        PlanExchange(_clocks.Differences.Count == 0 ? 100_000 : 2_000_000);
        if (Replica.Core is not { } core) return;
        _checker.Compared(core.Membership);
        Look(_clocks.RunOnceAsync(CancellationToken.None));
    }

    public void Round(int loop)
    {
        if (loop == _loops.Length)
        {
            Exchange();
            return;
        }
        PlanRound(loop);
        var one = _loops[loop];
        if (!Leadership.IsMine || !one.Running.IsCompleted) return;
        Look(one.Running);
        one.Running = one.Rounds.RunOnceAsync(CancellationToken.None);
        Look(one.Running);
    }

    public void Do(Work work)
    {
        if (work == Work.Flush) Flush();
        else if (work.Role is { } role)
        {
            if (role.Role != ReplicaRole.Leader) Pipeline.GiveUp();
            Leadership.Set(role);
        }
        else if (work.Batch is { } batch) Pipeline.Applied(batch, work.Reply!);
        else if (work.ReadContext != 0) Log.ReadDone(work.ReadContext, work.ReadOk);
    }

    private void Flush()
    {
        if (!Pipeline.HasWaiting) return;
        var stamp = Time.Stamp();
        _checker.Stamped(Replica, stamp, Machine.Inner.Time);
        if (Pipeline.Flush(stamp) is not { } batch) return;
        if (!Replica.Propose(new ProposalId(_session, ++_sequence), batch.Bytes, batch)) Pipeline.NotTaken(batch);
    }

    /// <summary>A heartbeat arrived: a round of grants begins unless one is under way, which is followed by another.</summary>
    public void Grant()
    {
        if (!_granting.IsCompleted) return;
        Look(_granting);
        _granting = Grants.RunOnceAsync(CancellationToken.None);
    }

    /// <summary>A mark that this replica has not reported yet; null when it leads.</summary>
    public MarkedHash? TakeMark()
    {
        if (Machine.Inner.Marks.Last is not { } mark || mark.Index <= _reported) return null;
        _reported = mark.Index;
        return Leadership.IsMine ? null : mark;
    }

    /// <summary>What fails in a round is logged and tried again by the product; what breaks a promise is not.</summary>
    public static void Look(Task task)
    {
        if (task.Exception?.InnerException is { } e
            && e is Violation or Model.InvariantViolation or ConsensusInvariantException or NullReferenceException)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e);
    }
}
