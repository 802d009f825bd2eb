using VideoScale.Bench.PlacementLab.Day;
using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.Bench.PlacementLab.Choosers;

/// <summary>What others do: a rule over what nodes said last, and nothing that is kept in mind.</summary>
internal sealed class Baseline(string name, Func<IReadOnlyList<LabNode>, LabRoom, long, LabNode> rule) : IChooser
{
    private const double SaysFull = 0.9;
    /// <summary>Jicofo: each join of the last 20 s counts so much, and so many packets are a full bridge.</summary>
    private const double StressOfAJoin = 0.01, PpsOfABridge = 50_000, StressOfCpu = 0.9;
    private const long RecentMs = 20_000;

    public string Name => name;

    public LabNode? Choose(LabRoom room, LabNode? from, IReadOnlyList<LabNode> open, long nowMs)
    {
        var others = from is null ? open : [.. open.Where(node => node != from)];
        return others.Count == 0 ? null : rule(others, room, nowMs);
    }

    public bool Admits(LabRoom room, int person) => true;
    public void Changed(LabNode node, long nowMs) { }
    public void Heard(LabNode node, long nowMs) { }

    internal static IChooser Random(int seed)
    {
        var chance = new Chance(seed);
        return new Baseline("random", (open, _, _) => open[chance.Below(open.Count)]);
    }

    internal static IChooser RoundRobin()
    {
        var next = 0;
        return new Baseline("round robin", (open, _, _) => open[next++ % open.Count]);
    }

    internal static IChooser LeastRooms() => new Baseline("least rooms", (open, _, _) => open.MinBy(node => node.Rooms.Count)!);

    internal static IChooser LeastCpu() => new Baseline("least CPU", (open, _, _) => open.MinBy(node => node.SaidCpu)!);

    /// <summary>LiveKit: nodes under the limit, or all when there is none; then the lowest system load.</summary>
    internal static IChooser LowestSystemLoad() => new Baseline("LiveKit sysload, lowest",
        (open, _, _) => NotFull(open, node => node.SaidSystemLoad).MinBy(node => node.SaidSystemLoad)!);

    internal static IChooser CpuOfTwo(int seed)
    {
        var chance = new Chance(seed);
        return new Baseline("LiveKit cpuload, two choices", (open, _, _) =>
        {
            var well = NotFull(open, node => node.SaidCpu);
            var (a, b) = (well[chance.Below(well.Count)], well[chance.Below(well.Count)]);
            return a.SaidCpu <= b.SaidCpu ? a : b;
        });
    }

    internal static IChooser Stress() => new Baseline("Jicofo-like stress", (open, _, nowMs) => open.MinBy(node =>
    {
        while (node.Joins.TryPeek(out var joined) && nowMs - joined > RecentMs) node.Joins.Dequeue();
        return Math.Max(node.SaidCpu / StressOfCpu, node.SaidPps / PpsOfABridge) + node.Joins.Count * StressOfAJoin;
    })!);

    /// <summary>Two at random, the one with less charged.</summary>
    internal static IChooser TwoChoices(int seed)
    {
        var chance = new Chance(seed);
        return new Baseline("two choices, reserved", (open, _, _) =>
        {
            var (a, b) = (open[chance.Below(open.Count)], open[chance.Below(open.Count)]);
            return Reserved(a) <= Reserved(b) ? a : b;
        });
    }

    /// <summary>The fullest that still fits.</summary>
    internal static IChooser BestFit() => new Baseline("best fit", (open, _, _) =>
        open.Where(node => node.SaidCpu < 0.80).OrderByDescending(node => node.SaidCpu).ThenBy(node => node.Number).FirstOrDefault()
            ?? open.MinBy(node => node.SaidCpu)!);

    private static double Reserved(LabNode node) => node.Charged.BitrateKbps / node.Cores;

    private static IReadOnlyList<LabNode> NotFull(IReadOnlyList<LabNode> open, Func<LabNode, double> said)
    {
        LabNode[] well = [.. open.Where(node => said(node) < SaysFull)];
        return well.Length > 0 ? well : open;
    }
}
