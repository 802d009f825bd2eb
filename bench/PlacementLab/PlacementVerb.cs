using System.CommandLine;
using System.Globalization;
using VideoScale.Bench.PlacementLab.Figures;
using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.ControlPlane.Placement;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.PlacementLab;

/// <summary><c>bench placement</c>: who decides how well, in virtual time on made-up days, and what a decision costs.</summary>
internal static class PlacementVerb
{
    private const string Over = "participant-minutes on a node over 85 %";

    internal static Command Create()
    {
        var seeds = new Option<int>("--seeds")
        {
            Description = "Days, each from its seed; the median counts.",
            DefaultValueFactory = _ => 5,
        };
        var page = new Option<string>("--page")
        {
            Description = "The page with the drawings.",
            DefaultValueFactory = _ => "bench/results/placement.html",
        };
        var results = ResultsOption.Of("placement");
        var command = new Command("placement",
            "The product's placement, rebalancing and scaling beside what others do, on synthetic days of 18,000 rooms in virtual time.")
        { seeds, page, results };
        command.SetAction(parsed => Run(parsed.GetValue(seeds), parsed.GetValue(page)!, parsed.GetValue(results)!));
        return command;
    }

    private static int Run(int seeds, string pageFile, string results)
    {
        var lab = new Laboratory(LaboratorySize.Full);
        var page = new LaboratoryPage();
        Decide(results);
        Bursts(seeds, results);
        Part("stale heartbeats, 2 s", seeds, results, page, seed => lab.StaleHeartbeats(seed, 2_000));
        Part("stale heartbeats, 6 s", seeds, results, page, seed => lab.StaleHeartbeats(seed, 6_000));
        Part("stale heartbeats, 30 s", seeds, results, page, seed => lab.StaleHeartbeats(seed, 30_000));
        Part("hour boundary", seeds, results, page, lab.HourBoundary);
        Part("nodes die", seeds, results, page, lab.Deaths);
        Part("mixed nodes", seeds, results, page, lab.MixedNodes);
        var bounds = Enumerable.Range(1, seeds).Select(lab.BoundsOf).ToList();
        Part("elastic day", seeds, results, page, lab.ElasticDay, recorder => recorder
            .Add("fluid bound", [.. bounds.Select(each => each.FluidNodeHours)], "node-hours", Better.Lower)
            .Add("packed anew every 10 minutes", [.. bounds.Select(each => each.PackedNodeHours)], "node-hours", Better.Lower));
        Part("fixed fleet", seeds, results, page, seed => lab.FixedFleet(seed), recorder => recorder
            .Add($"rooms larger than a node: {Over}", [.. bounds.Select(each => 100 * each.IndivisibleShare)], "%", Better.Lower));
        if (results != RunRecorder.Nowhere)
        {
            page.Write(pageFile);
            Console.WriteLine($"page: {pageFile}");
        }
        return 0;
    }

    private static void Part(string part, int seeds, string results, LaboratoryPage page, Func<int, IEnumerable<Outcome>> run,
        Action<RunRecorder>? more = null)
    {
        Console.WriteLine($"{part}:");
        var recorder = RunRecorder.Begin(part).Set("seeds", seeds).Set("rooms", Day.SyntheticDay.RoomsOfADay)
            .Set("nodes", LaboratorySize.Full.Nodes);
        var outcomes = Enumerable.Range(1, seeds).SelectMany(run).GroupBy(outcome => outcome.Name, StringComparer.Ordinal)
            .Select(group => group.ToList()).OrderByDescending(group => group[0].Name == Laboratory.Moving).ToList();
        foreach (var runs in outcomes) Add(recorder, runs);
        more?.Invoke(recorder);
        recorder.Note("a synthetic day: no public trace joins size, duration and arrival").KeepIn(results);
        page.Add(part, outcomes);
    }

    private static void Add(RunRecorder recorder, List<Outcome> runs)
    {
        var name = runs[0].Name;
        void Figure(string what, Func<Outcome, double> of, string unit) =>
            recorder.Add($"{name}: {what}", [.. runs.Select(of)], unit, Better.Lower);
        Figure(Over, run => 100 * run.OverloadShare, "%");
        Figure("fullest node by the mean", run => run.MaxToMean, "times");
        Figure("node-hours", run => run.NodeHours, "node-hours");
        Figure("moves that a person goes through", run => run.MovedPerPerson, "moves");
        Figure("people who waited over 5 s for a node", run => run.Waited, "people");
        Figure("people who did not get in", run => run.Rejected, "people");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {name,-44} over 85 % {100 * Middle(runs, r => r.OverloadShare),6:0.00} %   "
            + $"max/mean {Middle(runs, r => r.MaxToMean),5:0.00}   "
            + $"{Middle(runs, r => r.NodeHours),5:0} node-hours   {Middle(runs, r => r.MovedPerPerson),5:0.000} moves a person   "
            + $"{Middle(runs, r => r.Waited),5:0} waited   {Middle(runs, r => r.Rejected),4:0} not let in"));
    }

    private static double Middle(List<Outcome> runs, Func<Outcome, double> of) => Percentiles.At([.. runs.Select(of)], 0.5);

    private static void Bursts(int seeds, string results)
    {
        Console.WriteLine($"burst: {Burst.Rooms} rooms, {Burst.Rooms * Burst.PeopleOfARoom} joins, {Burst.Nodes} nodes:");
        var recorder = RunRecorder.Begin("burst").Set("seeds", seeds).Set("rooms", Burst.Rooms).Set("nodes", Burst.Nodes);
        foreach (var runs in Enumerable.Range(1, seeds).SelectMany(Laboratory.Bursts).GroupBy(run => run.Name, StringComparer.Ordinal)
            .OrderByDescending(group => group.Key == Laboratory.Second))
        {
            recorder
                .Add($"{runs.Key}: people on the fullest node by the mean", [.. runs.Select(run => run.MaxToMean)], "times", Better.Lower)
                .Add($"{runs.Key}: people who did not get in", [.. runs.Select(run => (double)run.Refused)], "people", Better.Lower);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {runs.Key,-44} max/mean {runs.Max(run => run.MaxToMean),6:0.00} at most"));
        }
        recorder.KeepIn(results);
    }

    private static void Decide(string results)
    {
        Console.WriteLine("one decision:");
        var recorder = RunRecorder.Begin("decision cost");
        foreach (var policy in (PlacementPolicy[])[PlacementPolicy.Forecast, PlacementPolicy.WorstFit])
            foreach (var nodes in (int[])[100, 1_000, 10_000])
            {
                var f = DecisionCost.Measure(policy, nodes, Math.Min(20_000, 5_000_000 / nodes));
                var name = $"policy {policy.Version}, {nodes:N0} nodes";
                recorder.Add($"{name}: p50", f.P50Us, "µs", Better.Lower).Add($"{name}: p99", f.P99Us, "µs", Better.Lower)
                    .Add($"{name}: processor time", f.CpuUs, "µs", Better.Lower)
                    .Add($"{name}: allocated by the choice", f.PickBytes, "bytes", Better.Lower)
                    .Add($"{name}: allocated by the record with its reasons", f.Bytes, "bytes", Better.Lower);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"  {name,-26} p50 {f.P50Us,8:0.0} µs   p99 {f.P99Us,8:0.0} µs   CPU {f.CpuUs,8:0.0} µs   {f.PickBytes:0} B chosen   "
                        + $"{f.Bytes:0} B told"));
            }
        recorder.KeepIn(results);
    }
}
