using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VideoScale.Harness.Results;
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
        var options = new CampaignOptions((ulong)arguments.Number("seed", 1), arguments.Number("seeds", arguments.Has("seed") ? 1 : 200),
            arguments.Milliseconds("time", arguments.Has("membership") ? 20_000 : 60_000),
            arguments.Number("jobs", 2), arguments.Choice<Product>("product"), arguments.Text("only") == "none" ? []
                : arguments.Choices<FaultClass>("only"))
        { Journey = arguments.Has("membership") };
        if (arguments.Has("trace")) return Trace(options);
        if (arguments.Has("classes")) return EachClass(options, arguments.Text("results"));
        var recorder = RunRecorder.Begin(options.Journey ? "membership" : "campaigns");
        var clock = Stopwatch.StartNew();
        var campaign = new Campaign(options).Run();
        var missed = options.Only is null && options.Product is null && !options.Journey && campaign.Done >= SeedsForAllMarks
            ? Enum.GetValues<Mark>().Where(mark => campaign.MarkCounts[(int)mark] == 0).ToArray() : [];
        var elsewhere = campaign.RepeatedHashes.Count == 0 || HashCommand.AgreesElsewhere(campaign.RepeatedHashes, options);
        var figures = Figures(options, campaign, clock.Elapsed, missed, elsewhere);
        if (arguments.Text("results") is { Length: > 0 } file)
            Record(recorder, options, campaign, clock.Elapsed, missed, elsewhere).KeepIn(file);
        if (arguments.Has("json")) Console.WriteLine(JsonSerializer.Serialize(figures));
        else Print(options, campaign, clock.Elapsed, missed, elsewhere);
        foreach (var violation in campaign.Violations.Take(3)) Keep(options, violation, arguments.Has("keep"));
        return campaign.Violations.Any(v => !v.IsLiveness) || missed.Length > 0
            || !elsewhere ? ExitCode.Violation : campaign.Violations.Count > 0 ? ExitCode.NotLive : ExitCode.Valid;
    }

    private static int Trace(CampaignOptions options)
    {
        using var log = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        var result = SeedRun.Of(options.PlanOf(options.FirstSeed), log);
        log.WriteLine(result.What ?? "no violation");
        log.WriteLine($"trace hash {result.TraceHash:x16}, {result.Events} events");
        return result.IsViolation ? ExitCode.Violation : ExitCode.Valid;
    }

    private static int EachClass(CampaignOptions options, string? results)
    {
        var (worst, clock) = (ExitCode.Valid, Stopwatch.StartNew());
        var recorder = RunRecorder.Begin("classes").Set("simulated_ms", options.TimeMs).Set("seeds", options.Seeds)
            .Set("first_seed", options.FirstSeed);
        foreach (var only in (FaultClass?[])[null, .. Enum.GetValues<FaultClass>()])
        {
            var campaign = new Campaign(options with { Only = only is { } one ? [one] : [] }).Run();
            Console.WriteLine(
                $"{(only?.ToString() ?? "no faults").PadRight(12)} {campaign.Done} seeds, {campaign.Violations.Count} violations, "
                + $"{campaign.Events} events");
            recorder.Add($"{only?.ToString() ?? "none"}: violations", campaign.Violations.Count, "violations", Better.Lower)
                .Add($"{only?.ToString() ?? "none"}: events", campaign.Events, "events", Better.Higher);
            foreach (var violation in campaign.Violations.Take(2)) Console.WriteLine($"  seed {violation.Seed}: {violation.What}");
            if (campaign.Violations.Count > 0) worst = ExitCode.Violation;
        }
        if (results is { Length: > 0 }) recorder.Add("run", clock.Elapsed.TotalSeconds, "s", Better.Lower).KeepIn(results);
        return worst;
    }

    private static void Keep(CampaignOptions options, RunResult violation, bool write)
    {
        var plan = new Shrinker(violation.Rule!, maxRuns: 150).Shrink(options.PlanOf(violation.Seed));
        Console.Error.WriteLine(
            $"seed {violation.Seed} shrinks to {plan.Faults.Count} faults in {plan.TimeMs} ms: {string.Join("; ", plan.Faults)}");
        if (write) Console.Error.WriteLine($"kept as {Corpus.Write(new CorpusCase(violation.Rule!, violation.What!, Bug.None, plan))}");
    }

    private static void Print(CampaignOptions options, Campaign campaign, TimeSpan took, Mark[] missed, bool elsewhere)
    {
        foreach (var violation in campaign.Violations.OrderBy(v => v.Seed)) Console.WriteLine($"seed {violation.Seed} {violation.What}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{campaign.Done} seeds × {options.TimeMs / 1000} s in {took.TotalSeconds:0.0} s: {campaign.Violations.Count} violations, "
                + $"{campaign.Events} events, {campaign.CpuSeconds:0.0} s of processor time, {campaign.EventsPerCpuSecond:0} events per "
                + $"second and core"));
        Console.WriteLine(
            $"{campaign.RepeatedHashes.Count} seeds run twice here and once in another process: "
            + $"{(elsewhere ? "same traces" : "DIFFERENT TRACES")}");
        Console.WriteLine(
            $"{campaign.MarkCounts.Count(count => count > 0)} of {Marks.Count} marks "
            + $"reached{(missed.Length == 0 ? "" : $"; never: {string.Join(", ", missed)}")}");
        if (campaign.Done < SeedsForAllMarks) return;
        foreach (var mark in Enum.GetValues<Mark>()) Console.WriteLine($"  {mark,-32} {campaign.MarkCounts[(int)mark]}");
    }

    private static RunRecorder Record(RunRecorder recorder, CampaignOptions options, Campaign campaign, TimeSpan took, Mark[] missed,
        bool elsewhere)
    {
        recorder.Set("first_seed", options.FirstSeed).Set("seeds", campaign.Done).Set("simulated_ms", options.TimeMs)
            .Set("threads", options.Jobs)
            .Add("events", campaign.EventsPerCpuSecond, "events/CPU s", Better.Higher)
            .Add("violations", campaign.Violations.Count, "violations", Better.Lower)
            .Add("run", took.TotalSeconds, "s", Better.Lower)
            .Add("processor time", campaign.CpuSeconds, "CPU s", Better.Lower)
            .Add("events simulated", campaign.Events, "events", Better.Higher)
            .Add("marks reached", campaign.MarkCounts.Count(count => count > 0), "marks", Better.Higher)
            .Note(
                $"{campaign.RepeatedHashes.Count} seeds run again, here and in another process: "
                + $"{(elsewhere ? "same traces" : "DIFFERENT traces")}");
        foreach (var violation in campaign.Violations.OrderBy(v => v.Seed))
            recorder.Note($"violation at seed {violation.Seed}: {violation.What}");
        foreach (var mark in missed) recorder.Note($"never reached: {mark}");
        return recorder.Note(
            $"marks: {string.Join(", ", Enum.GetValues<Mark>().Select(mark => $"{mark} {campaign.MarkCounts[(int)mark]}"))}");
    }

    private static object Figures(CampaignOptions options, Campaign campaign, TimeSpan took, Mark[] missed, bool elsewhere) => new
    {
        FirstSeed = options.FirstSeed,
        Seeds = campaign.Done,
        SimulatedMs = options.TimeMs,
        Threads = options.Jobs,
        Seconds = Math.Round(took.TotalSeconds, 1),
        CpuSeconds = Math.Round(campaign.CpuSeconds, 1),
        campaign.Events,
        EventsPerCpuSecond = (long)campaign.EventsPerCpuSecond,
        Repeated = campaign.RepeatedHashes.Count,
        SameTraces = elsewhere,
        Violations = campaign.Violations.OrderBy(v => v.Seed).Select(v => new { v.Seed, v.Rule, v.What }),
        Missed = missed.Select(mark => mark.ToString()),
        Marks = Enum.GetValues<Mark>().ToDictionary(mark => mark.ToString(), mark => campaign.MarkCounts[(int)mark]),
    };
}
