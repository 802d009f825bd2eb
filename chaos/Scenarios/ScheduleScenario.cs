using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// A schedule of faults, drawn or given, over a cluster of three, four or five replicas. What must not happen must not under any of them;
/// what
/// must happen is owed where what is in force permits it (<see cref="Stretches"/>).
/// </summary>
/// <param name="draw">By seed and rounds.</param>
public abstract class ScheduleScenario(string name, string summary, int rounds, Func<int, int, Schedule> draw) : IScheduledScenario
{
    private const int Rooms = 4;
    private const long LeaseNs = 5_500_000_000; // lease and margin, docs/leases.md
    /// <summary>Loose: machines that run this are busy.</summary>
    private static readonly TimeSpan Served = TimeSpan.FromSeconds(10), Elsewhere = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(30), After = TimeSpan.FromSeconds(1);

    public string Name => name;
    public string Summary => summary;
    public int DefaultRounds => rounds;
    public bool NeedsNamespaces => true;

    public string? WhyNotOn(string engine) =>
        engine == ClusterShape.EtcdEngine ? "replicas over etcd do not speak to each other" : null;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        var schedule = options.Schedule is { } file ? Schedule.ReadFrom(file) : draw(options.Seed, options.Rounds);
        schedule.WriteTo(Path.Combine(options.Out, Schedule.FileName));
        await Console.Error.WriteLineAsync($"{schedule.Replicas} replicas, {schedule.Media} media nodes\n{schedule.Words}");
        await using var faulty = await FaultyFleet.StartAsync(schedule, options, cancellationToken);
        var fleet = faulty.Fleet;
        string[] rooms = [.. Enumerable.Range(0, Rooms).Select(static i => $"shared-{i}")];
        await CreateAsync(fleet, rooms, cancellationToken);
        await using var load = Load.Start(fleet, options);
        var calls = new PinnedCalls(fleet, $"pinned-{options.Seed}", CallDeadline);
        var registers = new RoomRegisters(fleet, load.Mutations.History, $"register-{options.Seed}", options.Seed);
        var views = new ReplicaViews(fleet);
        var probes = new SeatProbes(fleet.Replicas, fleet.Nodes, rooms, options.Busy);
        var lanes = new NodeLanes(fleet, probes);
        await views.PrepareAsync(cancellationToken);
        faulty.Watch(views, probes);
        await result.Standstills!.BeginAsync(fleet.Servers(), cancellationToken);
        var began = History.NowNs;
        var runner = new FaultRunner(faulty, async (until, stopped) =>
        {
            var left = until - TimeSpan.FromMicroseconds((History.NowNs - began) / 1e3);
            if (left > TimeSpan.Zero) await Task.Delay(left, stopped);
        });
        result.Timeline = new Timeline(fleet.Replicas.Count, [], views.All, calls.Calls, load.Mutations.History.Operations, runner.Struck)
        {
            Nodes = lanes,
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] running = [calls.RunAsync(stop.Token), views.RunAsync(stop.Token), registers.RunAsync(stop.Token),
            probes.RunAsync(stop.Token), lanes.RunAsync(stop.Token)];
        var (healed, again) = (0L, false);
        try
        {
            await runner.RunAsync(schedule, cancellationToken);
            healed = History.NowNs;
            again = await calls.AwaitServedAsync(Enumerable.Range(0, schedule.Replicas), healed, After, Served, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }
        faulty.LookForEnded();
        result.Tested("no process ends but those that are ended", schedule.Replicas + schedule.Media, faulty.EndedUnasked);
        var whole = new Fault(new Partition("all of it", schedule.Replicas, []), began, began, healed, 2 * schedule.Faults.Count)
        {
            ServedAgainMs = again ? (History.NowNs - healed) / 1e6 : null,
        };
        await result.Standstills!.AskAsync(faulty.NeverFrozen, cancellationToken);
        Judge(runner.Struck, whole, calls, views, probes, fleet.NodeNames, result);
        result.Figures["packets_cut"] = fleet.PacketsCut();
        if (schedule.Has<CutLinks>() || schedule.Has<CutNode>()) result.DemandAtLeast("packets_cut", 1);
        await load.FinishAsync(result, options.Out, cancellationToken, calls.Acknowledgements);
    }

    private static void Judge(IReadOnlyList<StruckFault> struck, Fault whole, PinnedCalls calls, ReplicaViews views, SeatProbes probes,
        IReadOnlyList<string> nodes, ScenarioResult result)
    {
        var replicas = whole.Partition.Replicas;
        PartitionChecker Over(params IReadOnlyList<Fault> faults) => new(calls.Calls, views.All, faults, Served.TotalMilliseconds);
        var steady = Stretches.Steady(struck, views.All, replicas, whole.BeganNs, whole.HealedNs, (long)Served.TotalNanoseconds);
        var owed = Over(steady);
        foreach (var law in (LawFinding[])[Over().OneLeaderPerTerm(), Over().NoStaleRead(),
            Over(Stretches.Sure(struck, replicas)).NothingWithoutMajority(), owed.MajorityIsServed(), owed.SomethingIsCommitted(),
            Over(whole).AllAreServedAgain(), Over(whole).NoTermStorm()])
            result.Tested(law);
        result.Tested("two nodes never have authority over a room at once", probes.Grants.Count, AuthorityChecker.Check(probes.Grants));
        var authority = new NodeAuthorityChecker(probes.Grants, struck, nodes, replicas, LeaseNs, (long)Elsewhere.TotalNanoseconds);
        foreach (var law in authority.Check()) if (law.Tested > 0) result.Tested(law);
        var moved = authority.Elsewhere().Select(static one => one.Ms).OfType<double>().ToArray();
        if (moved.Length > 0) result.Add("node_cut_to_elsewhere_ms", moved);
        var recoveries = owed.Recoveries().Select(static one => one.Ms).OfType<double>().ToArray();
        if (recoveries.Length > 0) result.Add("struck_to_served_ms", recoveries);
        if (whole.ServedAgainMs is { } again) result.Figures["healed_to_served_ms"] = again;
        result.Figures["faults"] = struck.Count;
        result.Figures["steady_stretches"] = steady.Count;
        result.Figures["terms_gained"] = Over(whole).TermsGained().Sum(static gained => (double)gained.Terms);
        result.Figures["pinned_calls"] = calls.Calls.Count;
        result.Figures["pinned_calls_served"] = calls.Calls.Count(static call => call.Succeeded);
        result.Figures["grants"] = probes.Grants.Count;
        result.DemandAtLeast("pinned_calls_served", 30);
        result.DemandAtLeast("grants", 30);
    }

    private static async Task CreateAsync(Fleet fleet, string[] rooms, CancellationToken cancellationToken)
    {
        var client = new RetryingClient(fleet.Replicas, 0);
        foreach (var room in rooms)
            await client.CallAsync((invoker, options) => new RoomService.RoomServiceClient(invoker).CreateRoomAsync(
                new CreateRoomRequest { RequestId = room, RoomId = room, ExpectedParticipants = 4, KeepWhenEmpty = true }, options),
                cancellationToken);
    }
}
