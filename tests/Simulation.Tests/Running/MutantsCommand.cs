using VideoScale.Harness.Results;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Running;

/// <summary>How a planted bug fared.</summary>
/// <param name="SeedsNeeded">Of each run, from its own first seed; 0 where no invariant caught it: a mere exception is none.</param>
internal sealed record MutantResult(Bug Bug, IReadOnlyList<int> SeedsNeeded, IReadOnlyList<string> Rules, ulong FirstSeed)
{
    public bool IsCaught => SeedsNeeded.All(needed => needed > 0);
    public int Median => IsCaught ? SeedsNeeded.Order().ElementAt(SeedsNeeded.Count / 2) : 0;
}

/// <summary><c>./dev sim mutants</c>: plants one bug after the other and shows how soon, and by what, each is caught.</summary>
internal static class MutantsCommand
{
    public static int Run(Arguments arguments)
    {
        var bugs = arguments.Choices<Bug>("only") ?? Enum.GetValues<Bug>().Where(bug => bug != Bug.None).ToArray();
        var (runs, seeds, missed) = (Math.Max(1, arguments.Number("runs", 5)), arguments.Number("seeds", 2_000), 0);
        var (clock, results) = (System.Diagnostics.Stopwatch.StartNew(), new List<MutantResult>());
        var recorder = RunRecorder.Begin(arguments.Text("only") is { Length: > 0 } only ? $"mutants: {only}" : "mutants");
        Console.WriteLine($"{"planted bug",-32} {"median seeds",12}  caught by");
        foreach (var bug in bugs)
        {
            var result = Try(bug, runs, seeds, arguments.Milliseconds("time", 30_000), arguments.Number("jobs", 2));
            if (!result.IsCaught) missed++;
            results.Add(result);
            Console.WriteLine(
                $"{bug,-32} {(result.IsCaught ? result.Median.ToString() : "NOT CAUGHT"),12}  {string.Join(", ", result.Rules)} "
                + $"({string.Join(' ', result.SeedsNeeded)})");
            if (arguments.Has("keep") && result.FirstSeed != 0) Keep(bug, result, arguments.Milliseconds("time", 30_000));
        }
        Console.WriteLine($"{bugs.Count - missed} of {bugs.Count} caught in {clock.Elapsed.TotalSeconds:0} s");
        recorder.Set("runs", runs).Set("most_seeds", seeds).Set("planted", bugs.Count)
            .Add("caught", bugs.Count - missed, "bugs", Better.Higher).Add("run", clock.Elapsed.TotalSeconds, "s", Better.Lower);
        foreach (var result in results) Add(recorder, result);
        if (arguments.Text("results") is { Length: > 0 } file) recorder.KeepIn(file);
        return missed == 0 ? ExitCode.Valid : ExitCode.Violation;
    }

    private static void Add(RunRecorder recorder, MutantResult result)
    {
        if (result.IsCaught) recorder.Add($"{result.Bug}", [.. result.SeedsNeeded.Select(needed => (double)needed)], "seeds", Better.Lower);
        var verdict = result.IsCaught ? $"caught by {string.Join(", ", result.Rules)}"
            : $"not caught ({string.Join(' ', result.SeedsNeeded)})";
        recorder.Note($"{result.Bug}: {verdict}");
    }

    public static MutantResult Try(Bug bug, int runs, int seeds, long timeMs, int jobs)
    {
        var needed = new List<int>();
        var rules = new SortedSet<string>(StringComparer.Ordinal);
        var first = 0UL;
        Planted.Now = bug;
        try
        {
            for (var run = 0; run < runs; run++)
            {
                if (bug == Bug.TruncateOnRot) // of the log's files, which the worlds of seeds do not have
                {
                    try { new Torture.WalTorture((ulong)run + 1).FlipEveryBit(step: 13); }
                    catch (Violation e) { rules.Add(e.Rule); }
                    needed.Add(rules.Count);
                    continue;
                }
                var campaign = new Campaign(new CampaignOptions(1 + (ulong)run * 100_000, seeds, timeMs, jobs, UntilFirst: true)).Run();
                var caught = campaign.Violations.MinBy(v => v.Seed);
                needed.Add(caught is { Rule: not "exception" } ? campaign.SeedsToFirst : 0);
                if (caught is null) continue;
                rules.Add(caught.Rule!);
                if (first == 0) first = caught.Seed;
            }
        }
        finally { Planted.Now = Bug.None; }
        return new MutantResult(bug, needed, [.. rules], first);
    }

    private static void Keep(Bug bug, MutantResult result, long timeMs)
    {
        Planted.Now = bug;
        try
        {
            var plan = PlanDraw.Of(result.FirstSeed, timeMs);
            var shown = SeedRun.Of(plan);
            var small = new Shrinker(shown.Rule!, maxRuns: 60).Shrink(plan);
            Corpus.Write(new CorpusCase(shown.Rule!, SeedRun.Of(small).What!, bug, small));
        }
        finally { Planted.Now = Bug.None; }
    }
}
