using System.Diagnostics;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Results;

namespace VideoScale.Chaos.Campaigns;

/// <summary>Runs scenarios in turn with new seeds until its time has passed, each by a harness of its own.</summary>
public static class CampaignRun
{
    /// <param name="more">Further words for each run.</param>
    public static async Task<CampaignState> RunAsync(IReadOnlyList<IScenario> scenarios, TimeSpan lasts, int firstSeed, string directory,
        IReadOnlyList<string> more, CancellationToken cancellationToken)
    {
        var state = CampaignState.ReadFrom(directory, firstSeed);
        if (state.Runs.Count > 0) Console.WriteLine($"goes on after {state.Runs.Count} runs");
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < lasts && !cancellationToken.IsCancellationRequested;)
        {
            var (scenario, seed) = state.Next(scenarios);
            var folder = Path.Combine(directory, $"{scenario.Name}-{seed}");
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true); // of a run that was not ended
            var at = DateTimeOffset.UtcNow;
            HarnessOutcome outcome;
            try { outcome = await HarnessRun.RunAsync([scenario.Name, "--seed", $"{seed}", .. more], folder, cancellationToken); }
            catch (OperationCanceledException) { break; } // it is run again when the campaign goes on
            if (outcome.Verdict == Verdict.Valid) Directory.Delete(folder, recursive: true);
            else await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(folder).FullName, "output.txt"), outcome.Output,
                CancellationToken.None);
            state = state.With(CampaignState.EntryOf(scenario.Name, seed, at, MachineFacts.LoadAverage, outcome,
                outcome.Verdict == Verdict.Valid ? null : folder));
            state.WriteTo(directory);
            var verdict = outcome.Verdict?.ToString() ?? "fault of the harness";
            Console.WriteLine($"{state.Runs.Count,4}  {scenario.Name,-15} seed {seed,-5} {verdict,-10} "
                + $"{state.Runs[^1].Seconds,6:0} s  {outcome.Violations.Concat(outcome.Doubts).FirstOrDefault()}");
        }
        return state;
    }

    /// <summary>What the runs measured, as benches keep it.</summary>
    public static void KeepIn(string path, CampaignState state)
    {
        var run = RunRecorder.Begin("campaign").Set("runs", state.Runs.Count)
            .Set("scenarios", string.Join(' ', state.Runs.Select(static one => one.Scenario).Distinct()));
        foreach (var (name, unit, scenario, figures) in Kept)
        {
            double[] samples = [.. state.Runs.Where(one => scenario is null || one.Scenario == scenario)
                .SelectMany(one => figures.Where(one.Figures.ContainsKey).Select(figure => one.Figures[figure]))];
            if (samples.Length > 0) run.Add(name, samples, unit, Better.Lower);
        }
        run.Add("not_valid", state.Runs.Count(static one => one.Verdict != Verdict.Valid), "runs", Better.Lower)
            .Add("load", [.. state.Runs.Select(static one => one.Load)], "processes", Better.Lower)
            .Note("each sample is the worst of one run").KeepIn(path);
    }

    private static readonly (string Name, string Unit, string? Scenario, string[] Figures)[] Kept =
    [
        ("leader_cut_both_ways_to_served", "ms", null, ["cut_to_served_max_ms_leader-alone", "cut_to_served_max_ms_leader-in-two"]),
        ("leader_cut_one_way_to_served", "ms", null, ["cut_to_served_max_ms_leader-deaf", "cut_to_served_max_ms_leader-mute"]),
        ("healed_to_all_served", "ms", null, ["healed_to_served_ms_max", "healed_to_served_ms"]),
        ("leader_killed_to_commit", "ms", "leader-kill", ["kill_to_commit_ms_max"]),
        ("terms_of_15_s_of_flapping", "terms", "flapping", ["terms_gained"]),
        ("node_cut_to_rooms_elsewhere", "ms", null, ["node_cut_to_elsewhere_ms_max"]),
    ];
}
