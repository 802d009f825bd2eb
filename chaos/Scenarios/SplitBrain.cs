using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// Replicas are divided in one way after the other, while clients that know one replica each write and read at it: those who reach a
/// majority are served, the others are told so, and nothing is decided twice.
/// </summary>
public class SplitBrain : IScenario
{
    /// <summary>Loose: machines that run this are busy. How long it took is in the figures.</summary>
    private static readonly TimeSpan Served = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private const int MediaNodes = 2;
    private const int DrawnMs = 3_000;

    private readonly IReadOnlyList<PartitionShape> _shapes;

    public SplitBrain() : this("split-brain", PartitionShape.OfThree) { }

    protected SplitBrain(string name, IReadOnlyList<PartitionShape> shapes) => (Name, _shapes) = (name, shapes);

    public string Name { get; }
    public string Summary => $"links between {_shapes[0].Replicas} replicas cut: {string.Join(", ", _shapes.Select(shape => shape.Name))}";
    public int DefaultRounds => 2 * _shapes.Count;
    public bool NeedsNamespaces => true;

    public string? WhyNotOn(string engine) =>
        engine == ClusterShape.EtcdEngine ? "replicas over etcd do not speak to each other" : null;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(_shapes[0].Replicas, MediaNodes) { Namespaced = true }, options,
            cancellationToken);
        var timeline = new Timeline(options, Name, fleet.Replicas.Count);
        await using var load = Load.Start(fleet, options);
        var calls = new PinnedCalls(fleet, $"pinned-{options.Seed}", CallDeadline);
        var views = new ReplicaViews(fleet);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] running = [calls.RunAsync(stop.Token), views.RunAsync(stop.Token)];
        var faults = new List<Fault>();
        try
        {
            for (var round = 0; round < options.Rounds; round++)
            {
                faults.Add(await DivideAsync(fleet, _shapes[round % _shapes.Count], new Random(options.Seed * 7919 + round), calls,
                    cancellationToken));
                await Console.Error.WriteLineAsync(Told(faults[^1], round, options, calls));
            }
            await Task.Delay(Before, cancellationToken);
        }
        finally
        {
            fleet.Heal();
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }
        Judge(new PartitionChecker(calls.Calls, views.All, faults, Served.TotalMilliseconds), faults, calls, fleet, options, result);
        await load.FinishAsync(result, options.Out, cancellationToken);
        var log = await EventLogChecker.CheckAsync(fleet.Replicas[0], calls.Acknowledgements, cancellationToken);
        result.Tested("acknowledged = in the event log, once", calls.Acknowledgements.Count + load.Mutations.Acknowledgements.Count,
            log.Violations);
        timeline.Keep(faults, views.All, calls.Calls, load.Mutations.History.Operations, result);
    }

    /// <summary>Cuts, waits until all who must be served are, and some time longer, heals, and waits until all are served.</summary>
    private static async Task<Fault> DivideAsync(Fleet fleet, PartitionShape shape, Random random, PinnedCalls calls,
        CancellationToken cancellationToken)
    {
        await Task.Delay(Before, cancellationToken);
        var partition = shape.Of(await fleet.LeaderAsync(cancellationToken), random);
        var all = Enumerable.Range(0, partition.Replicas).ToArray();
        var least = Least + TimeSpan.FromMilliseconds(random.Next(DrawnMs));
        fleet.CutLinks(partition.Cuts.Select(cut => (cut.From, cut.To)));
        var cut = History.NowNs; // only now all of them are cut
        await AwaitServedAsync(all.Where(partition.MustServe), cut, least, Served);
        var healed = History.NowNs; // from here on they may be healed
        fleet.Heal();
        await AwaitServedAsync(all, History.NowNs, TimeSpan.Zero, Served);
        return new Fault(partition, cut, healed);

        async Task AwaitServedAsync(IEnumerable<int> who, long since, TimeSpan atLeast, TimeSpan atMost)
        {
            int[] waited = [.. who];
            double Passed() => (History.NowNs - since) / 1e6;
            bool IsServed(int replica) => calls.HasAny(call => call.Replica == replica && call.Succeeded && call.BeganNs > since);
            while (Passed() < atLeast.TotalMilliseconds || (Passed() < atMost.TotalMilliseconds && !waited.All(IsServed)))
                await Task.Delay(Poll, cancellationToken);
        }
    }

    private static string Told(Fault fault, int round, ScenarioOptions options, PinnedCalls calls)
    {
        var during = calls.Calls.Where(call => call.BeganNs > fault.CutNs && call.BeganNs < fault.HealedNs).ToArray();
        return $"round {round + 1}/{options.Rounds}: {fault.Partition.Name} for {(fault.HealedNs - fault.CutNs) / 1e9:0.0} s: "
            + $"{during.Count(call => call.Succeeded)} calls served, {during.Count(call => call.SaysNobodyLeads)} told that nobody leads, "
            + $"{during.Count(call => !call.Succeeded && !call.SaysNobodyLeads)} failed otherwise";
    }

    private static void Judge(PartitionChecker checker, List<Fault> faults, PinnedCalls calls, Fleet fleet, ScenarioOptions options,
        ScenarioResult result)
    {
        foreach (var law in checker.Check()) result.Tested(law.Law, law.Tested, law.Violations);
        foreach (var shape in checker.Recoveries().Where(one => one.Ms is not null).GroupBy(one => one.Fault.Partition.Name))
            result.Figures[$"cut_to_served_max_ms_{shape.Key}"] = shape.Max(one => one.Ms!.Value);
        result.Figures["pinned_calls"] = calls.Calls.Count;
        result.Figures["pinned_calls_served"] = calls.Calls.Count(call => call.Succeeded);
        result.Figures["told_nobody_leads"] = calls.Calls.Count(call => call.SaysNobodyLeads);
        result.Figures["terms_gained"] = checker.TermsGained().Sum(gained => (double)gained.Terms);
        result.Figures["packets_cut"] = fleet.PacketsCut();
        result.DemandAtLeast("packets_cut", options.Rounds);
        result.DemandAtLeast("pinned_calls_served", 50 * options.Rounds);
        if (faults.Any(fault => Enumerable.Range(0, fault.Partition.Replicas).Any(fault.Partition.CannotServe)))
            result.DemandTested("nothing is served where no majority is reached", options.Rounds);
    }
}

/// <summary>As <see cref="SplitBrain"/>, of four replicas: halves without a majority.</summary>
public sealed class SplitEven() : SplitBrain("split-even", PartitionShape.OfFour);

/// <summary>As <see cref="SplitBrain"/>, of five replicas: majorities that overlap.</summary>
public sealed class SplitFive() : SplitBrain("split-five", PartitionShape.OfFive);
