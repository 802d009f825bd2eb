using VideoScale.Bench.PlacementLab.Choosers;
using VideoScale.Bench.PlacementLab.Day;
using VideoScale.Bench.PlacementLab.Elastic;
using VideoScale.Bench.PlacementLab.Figures;
using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;

namespace VideoScale.Bench.PlacementLab;

/// <summary>A fleet and a day of it, for everybody alike.</summary>
/// <param name="Rooms">Of a day.</param>
internal sealed record LaboratorySize(int Nodes, int Rooms)
{
    internal static readonly LaboratorySize Full = new(33, SyntheticDay.RoomsOfADay);
}

/// <summary>The scenarios. Everything follows from the seed.</summary>
internal sealed class Laboratory(LaboratorySize size)
{
    private const long HourMs = 3_600_000;
    internal const double CoresOfANode = 8;
    /// <summary>
    /// As an operator sets it who has seen what a node of eight processors carries: bitrate in and out, more than its processors can
    /// do with the usual mix of rooms, so that measured CPU is what holds rooms back.
    /// </summary>
    private static readonly Capacity PerCore = new(125, 2_500, 500_000);
    internal const string First = "VideoScale, policy 1", Second = "VideoScale, policy 2";
    internal const string Moving = "VideoScale, policy 2 and moves",
        FirstMoving = "VideoScale, policy 1 and moves";

    /// <summary>Every hour of the day is as it is; half a day is from seven to twelve.</summary>
    private PlannedDay Day(int seed) => SyntheticDay.Make(seed, size.Rooms);

    private PlannedDay Morning(int seed) => SyntheticDay.Make(seed, size.Rooms, 7 * HourMs, 12 * HourMs);

    private SimulationSettings Fixed => new([.. Enumerable.Repeat(CoresOfANode, size.Nodes)]);

    private static Product One() => new(First, PlacementPolicy.WorstFit, PerCore);
    private static Product Two() => new(Second, PlacementPolicy.Forecast, PerCore);

    internal static IEnumerable<IChooser> Baselines(int seed) =>
    [
        Baseline.Random(seed), Baseline.RoundRobin(), Baseline.LeastRooms(), Baseline.LeastCpu(), Baseline.LowestSystemLoad(),
        Baseline.CpuOfTwo(seed), Baseline.Stress(), Baseline.TwoChoices(seed), Baseline.BestFit(),
    ];

    internal IEnumerable<Outcome> FixedFleet(int seed, bool withBaselines = true)
    {
        var day = Day(seed);
        if (withBaselines) foreach (var baseline in Baselines(seed)) yield return new Simulation(day, baseline, Fixed).Run(baseline.Name);
        yield return new Simulation(day, One(), Fixed).Run(First);
        yield return Moved(day, One(), Fixed, FirstMoving);
        yield return new Simulation(day, Two(), Fixed).Run(Second);
        yield return Moved(day, Two(), Fixed, Moving);
    }

    /// <summary>What nobody can be better than, of that day on that fleet.</summary>
    internal Bounds BoundsOf(int seed)
    {
        var bounds = new Bounds(CoresOfANode);
        new Simulation(Day(seed), Baseline.RoundRobin(), Fixed, null, bounds).Run("bounds");
        return bounds;
    }

    internal IEnumerable<Outcome> StaleHeartbeats(int seed, long everyMs)
    {
        var (day, settings) = (Morning(seed), Fixed with { HeartbeatMs = everyMs });
        return Some(day, seed, settings);
    }

    /// <summary>As many cores, half of them in nodes of sixteen, the others in nodes of four.</summary>
    internal IEnumerable<Outcome> MixedNodes(int seed)
    {
        var cores = size.Nodes * CoresOfANode / 2;
        return Some(Morning(seed), seed,
            new([.. Enumerable.Repeat(16.0, (int)(cores / 16)), .. Enumerable.Repeat(4.0, (int)(cores / 4))]));
    }

    /// <summary>The three nodes with most people die at half past nine.</summary>
    internal IEnumerable<Outcome> Deaths(int seed) =>
        Some(Morning(seed), seed, Fixed with { Deaths = [(9 * HourMs + HourMs / 2, Math.Max(1, size.Nodes / 11))] });

    /// <summary>Meetings that fill the fleet to about three quarters all begin within one minute.</summary>
    internal IEnumerable<Outcome> HourBoundary(int seed) => Some(SyntheticDay.Storm(seed, size.Nodes * 45, 9 * HourMs), seed, Fixed);

    private static IEnumerable<Outcome> Some(PlannedDay day, int seed, SimulationSettings settings)
    {
        foreach (var baseline in (IChooser[])[Baseline.RoundRobin(), Baseline.LeastCpu(), Baseline.CpuOfTwo(seed), Baseline.Stress()])
            yield return new Simulation(day, baseline, settings).Run(baseline.Name);
        yield return new Simulation(day, One(), settings).Run(First);
        yield return new Simulation(day, Two(), settings).Run(Second);
        yield return Moved(day, Two(), settings, Moving);
    }

    internal IEnumerable<Outcome> ElasticDay(int seed)
    {
        var (day, few) = (Day(seed), new SimulationSettings([.. Enumerable.Repeat(ElasticFleet.Cores, ElasticFleet.AtMidnight)]));
        yield return new Simulation(day, Baseline.RoundRobin(), few, new PodAutoscaler(0.5)).Run("round robin, HPA at 50 %");
        foreach (var target in (uint[])[700, 800])
        {
            var chooser = Two();
            yield return new Simulation(day, chooser, few, new ProductScaler(chooser, target, 600_000, 600_000))
                .Run($"{Second}, target {target / 10} %");
            chooser = Two();
            yield return new Simulation(day, chooser, few, new ProductScaler(chooser, target, 600_000, 600_000), Mover(chooser))
                .Run($"{Moving}, target {target / 10} %");
        }
    }

    internal static IEnumerable<(string Name, double MaxToMean, int Refused)> Bursts(int seed)
    {
        foreach (var chooser in Baselines(seed).Append(One()).Append(Two()))
        {
            var (ratio, refused) = Burst.Run(chooser, seed);
            yield return (chooser.Name, ratio, refused);
        }
    }

    private static Outcome Moved(PlannedDay day, Product product, SimulationSettings settings, string name) =>
        new Simulation(day, product, settings, null, Mover(product)).Run(name);

    private static ProductMover Mover(Product product) => new(product, RebalanceSettings.Default with { Mode = AutomationMode.On });
}
