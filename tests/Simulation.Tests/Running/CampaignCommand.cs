using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Running;

/// <summary><c>./dev sim --seeds N</c>.</summary>
internal static class CampaignCommand
{
    /// <summary>From so many seeds on, with all faults, a mark that was never reached fails the campaign.</summary>
    private const int SeedsForAllMarks = 2_000;

    public static int Run(Arguments arguments)
    {
        var options = new CampaignOptions((ulong)arguments.Number("seed", 1), arguments.Number("seeds", arguments.Has("seed") ? 1 : 200), arguments.Milliseconds("time", 60_000),
            arguments.Number("jobs", 2), arguments.Choice<Product>("product"), arguments.Text("only") == "none" ? [] : arguments.Choices<FaultClass>("only"));
        if (arguments.Has("trace")) return Trace(options);
        if (arguments.Has("classes")) return EachClass(options);
        var clock = Stopwatch.StartNew();
        var campaign = new Campaign(options).Run();
        var missed = options.Only is null && options.Product is null && campaign.Done >= SeedsForAllMarks ? Enum.GetValues<Mark>().Where(mark => campaign.MarkCounts[(int)mark] == 0).ToArray() : [];
        var elsewhere = campaign.RepeatedHashes.Count == 0 || HashCommand.AgreesElsewhere(campaign.RepeatedHashes, options);
        if (arguments.Has("json")) PrintJson(options, campaign, clock.Elapsed, missed, elsewhere);
        else Print(options, campaign, clock.Elapsed, missed, elsewhere);
        foreach (var violation in campaign.Violations.Take(3)) Keep(campaign, violation, arguments.Has("keep"));
        return campaign.Violations.Any(v => !v.IsLiveness) || missed.Length > 0 || !elsewhere ? ExitCode.Violation : campaign.Violations.Count > 0 ? ExitCode.NotLive : ExitCode.Valid;
    }

    private static int Trace(CampaignOptions options)
    {
        using var log = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        var result = SeedRun.Of(PlanDraw.Of(options.FirstSeed, options.TimeMs, options.Product, options.Only), log);
        log.WriteLine(result.What ?? "no violation");
        log.WriteLine($"trace hash {result.TraceHash:x16}, {result.Events} events");
        return result.IsViolation ? ExitCode.Violation : ExitCode.Valid;
    }

    private static int EachClass(CampaignOptions options)
    {
        var worst = ExitCode.Valid;
        foreach (var only in (FaultClass?[])[null, .. Enum.GetValues<FaultClass>()])
        {
            var campaign = new Campaign(options with { Only = only is { } one ? [one] : [] }).Run();
            Console.WriteLine($"{(only?.ToString() ?? "no faults").PadRight(12)} {campaign.Done} seeds, {campaign.Violations.Count} violations, {campaign.Events} events");
            foreach (var violation in campaign.Violations.Take(2)) Console.WriteLine($"  seed {violation.Seed}: {violation.What}");
            if (campaign.Violations.Count > 0) worst = ExitCode.Violation;
        }
        return worst;
    }

    private static void Keep(Campaign campaign, RunResult violation, bool write)
    {
        var plan = new Shrinker(violation.Rule!, maxRuns: 150).Shrink(campaign.PlanOf(violation.Seed));
        Console.Error.WriteLine($"seed {violation.Seed} shrinks to {plan.Faults.Count} faults in {plan.TimeMs} ms: {string.Join("; ", plan.Faults)}");
        if (write) Console.Error.WriteLine($"kept as {Corpus.Write(new CorpusCase(violation.Rule!, violation.What!, Bug.None, plan))}");
    }

    private static void Print(CampaignOptions options, Campaign campaign, TimeSpan took, Mark[] missed, bool elsewhere)
    {
        foreach (var violation in campaign.Violations.OrderBy(v => v.Seed)) Console.WriteLine($"seed {violation.Seed} {violation.What}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{campaign.Done} seeds × {options.TimeMs / 1000} s in {took.TotalSeconds:0.0} s: {campaign.Violations.Count} violations, {campaign.Events} events, {campaign.EventsPerSecondAndCore:0} events/s per core"));
        Console.WriteLine($"{campaign.RepeatedHashes.Count} seeds run twice here and once in another process: {(elsewhere ? "same traces" : "DIFFERENT TRACES")}");
        Console.WriteLine($"{campaign.MarkCounts.Count(count => count > 0)} of {Marks.Count} marks reached{(missed.Length == 0 ? "" : $"; never: {string.Join(", ", missed)}")}");
        if (campaign.Done < SeedsForAllMarks) return;
        foreach (var mark in Enum.GetValues<Mark>()) Console.WriteLine($"  {mark,-32} {campaign.MarkCounts[(int)mark]}");
    }

    private static void PrintJson(CampaignOptions options, Campaign campaign, TimeSpan took, Mark[] missed, bool elsewhere) =>
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            firstSeed = options.FirstSeed,
            seeds = campaign.Done,
            simulatedMs = options.TimeMs,
            seconds = took.TotalSeconds,
            events = campaign.Events,
            eventsPerSecondPerCore = (long)campaign.EventsPerSecondAndCore,
            repeated = campaign.RepeatedHashes.Count,
            sameTraces = elsewhere,
            violations = campaign.Violations.Select(v => new { v.Seed, v.Rule, v.What }),
            missed = missed.Select(mark => mark.ToString()),
            marks = Enum.GetValues<Mark>().ToDictionary(mark => mark.ToString(), mark => campaign.MarkCounts[(int)mark]),
        }));
}
