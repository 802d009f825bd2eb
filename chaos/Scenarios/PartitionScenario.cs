using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// Links between replicas are cut in one way after the other, while clients that know one replica each write and read at it: those who
/// reach a majority are served, the others are told so, and nothing is decided twice.
/// </summary>
public abstract class PartitionScenario : IScenario
{
    /// <summary>Loose: machines that run this are busy. How long it took is in the figures.</summary>
    protected static readonly TimeSpan Served = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);
    private const int MediaNodes = 2;

    private readonly IReadOnlyList<PartitionShape> _shapes;

    protected PartitionScenario(string name, IReadOnlyList<PartitionShape> shapes) => (Name, _shapes) = (name, shapes);

    public string Name { get; }
    public virtual string Summary =>
        $"links between {_shapes[0].Replicas} replicas cut: {string.Join(", ", _shapes.Select(shape => shape.Name))}";
    public int DefaultRounds => 2 * _shapes.Count;
    public bool NeedsNamespaces => true;

    public string? WhyNotOn(string engine) =>
        engine == ClusterShape.EtcdEngine ? "replicas over etcd do not speak to each other" : null;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(_shapes[0].Replicas, MediaNodes) { Namespaced = true }, options,
            cancellationToken);
        await using var load = Load.Start(fleet, options);
        var calls = new PinnedCalls(fleet, $"pinned-{options.Seed}", CallDeadline);
        var registers = new RoomRegisters(fleet, load.Mutations.History, $"register-{options.Seed}", options.Seed);
        var views = new ReplicaViews(fleet);
        var faults = new List<Fault>();
        await result.Standstills!.BeginAsync(fleet.Servers(), cancellationToken);
        result.Timeline = new Timeline(fleet.Replicas.Count, faults, views.All, calls.Calls, load.Mutations.History.Operations, []);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] running = [calls.RunAsync(stop.Token), views.RunAsync(stop.Token), registers.RunAsync(stop.Token)];
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
        await result.Standstills!.AskAsync(fleet.Servers(), cancellationToken);
        Judge(new PartitionChecker(calls.Calls, views.All, faults, Served.TotalMilliseconds), faults, calls, fleet, options, result);
        await load.FinishAsync(result, options.Out, cancellationToken, calls.Acknowledgements);
    }

    /// <summary>What is done to the links of the partition, from the first cut to the last healing.</summary>
    protected abstract Task<Fault> StrikeAsync(Fleet fleet, Partition partition, Random random, PinnedCalls calls,
        CancellationToken cancellationToken);

    private async Task<Fault> DivideAsync(Fleet fleet, PartitionShape shape, Random random, PinnedCalls calls,
        CancellationToken cancellationToken)
    {
        await Task.Delay(Before, cancellationToken);
        var partition = shape.Of(await fleet.LeaderAsync(cancellationToken), random);
        var fault = await StrikeAsync(fleet, partition, random, calls, cancellationToken);
        var healed = History.NowNs;
        var again = await calls.AwaitServedAsync(Enumerable.Range(0, partition.Replicas), healed, TimeSpan.Zero, Served, cancellationToken);
        return fault with { ServedAgainMs = again ? (History.NowNs - healed) / 1e6 : null };
    }

    protected static void Cut(Fleet fleet, Partition partition) => fleet.CutLinks(partition.Cuts.Select(cut => (cut.From, cut.To)));

    private static string Told(Fault fault, int round, ScenarioOptions options, PinnedCalls calls)
    {
        var during = calls.Calls.Where(call => call.BeganNs > fault.CutNs && call.BeganNs < fault.HealedNs).ToArray();
        return $"round {round + 1}/{options.Rounds}: {fault.Partition.Name} for {(fault.HealedNs - fault.CutNs) / 1e9:0.0} s: "
            + $"{during.Count(call => call.Succeeded)} calls served, {during.Count(call => call.SaysNobodyLeads)} told that nobody leads, "
            + $"{during.Count(call => !call.Succeeded && !call.SaysNobodyLeads)} failed otherwise; all served "
            + (fault.ServedAgainMs is { } ms ? $"{ms:0} ms after it healed" : "never again");
    }

    private static void Judge(PartitionChecker checker, List<Fault> faults, PinnedCalls calls, Fleet fleet, ScenarioOptions options,
        ScenarioResult result)
    {
        foreach (var law in checker.Check()) result.Tested(law);
        foreach (var shape in checker.Recoveries().Where(one => one.Ms is not null).GroupBy(one => one.Fault.Partition.Name))
            result.Figures[$"cut_to_served_max_ms_{shape.Key}"] = shape.Max(one => one.Ms!.Value);
        double[] again = [.. faults.Select(fault => fault.ServedAgainMs).OfType<double>()];
        if (again.Length > 0) result.Add("healed_to_served_ms", again);
        result.Figures["pinned_calls"] = calls.Calls.Count;
        result.Figures["pinned_calls_served"] = calls.Calls.Count(call => call.Succeeded);
        result.Figures["told_nobody_leads"] = calls.Calls.Count(call => call.SaysNobodyLeads);
        result.Figures["terms_gained"] = checker.TermsGained().Sum(gained => (double)gained.Terms);
        result.Figures["packets_cut"] = fleet.PacketsCut();
        result.DemandAtLeast("packets_cut", options.Rounds);
        result.DemandAtLeast("pinned_calls_served", 30 * options.Rounds);
        if (faults.Any(fault => !fault.IsFlapping && Enumerable.Range(0, fault.Partition.Replicas).Any(fault.Partition.CannotServe)))
            result.DemandTested("nothing is served where no majority is reached", options.Rounds);
    }
}
