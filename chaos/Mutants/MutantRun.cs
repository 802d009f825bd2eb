using System.Text.Json;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Mutants;

/// <param name="By">The law that was broken, or what did not come back; null: nobody found it.</param>
public sealed record MutantFinding(string Bug, string Scenario, bool IsCaught, string? By, double Seconds);

/// <summary>Plants one bug after the other; and then has each run once without one, which must find nothing.</summary>
public static class MutantRun
{
    private const string ResultName = "mutants.json";
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower
    };

    /// <param name="tries">Runs in which a bug may be found.</param>
    /// <returns>The exit code: 0 when all are caught, and nothing is where there is none.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<Mutant> mutants, string directory, string build, int seed, int busy, int tries,
        CancellationToken cancellationToken)
    {
        Console.WriteLine($"building {MutantBuild.Bugs.Count} planted bugs into a copy of the sources in {build}…");
        var command = await MutantBuild.MakeAsync(build, cancellationToken);
        var found = new List<MutantFinding>();
        foreach (var mutant in mutants)
        {
            var one = await TryAsync(mutant.Bug, mutant.Words, seed);
            for (var i = 1; i < tries && !one.IsCaught; i++) one = await TryAsync(mutant.Bug, mutant.Words, seed + i);
            found.Add(one);
            Console.WriteLine($"{(one.IsCaught ? "caught  " : "MISSED  ")} {mutant.Bug,-25} {one.Scenario,-12} {one.By}");
        }
        foreach (var words in mutants.Select(static mutant => mutant.Words).DistinctBy(static words => string.Join(' ', words)))
        {
            var clean = await TryAsync("None", words, seed);
            found.Add(clean);
            Console.WriteLine($"{(clean.IsCaught ? "WRONG   " : "clean   ")} {string.Join(' ', words),-50} {clean.By}");
        }
        await File.WriteAllTextAsync(Path.Combine(directory, ResultName), JsonSerializer.Serialize(found, Json) + "\n", cancellationToken);
        return found.All(static one => one.IsCaught == (one.Bug != "None")) ? 0 : 1;

        async Task<MutantFinding> TryAsync(string bug, IReadOnlyList<string> words, int drawn)
        {
            var folder = Path.Combine(directory, $"{bug}-{words[0]}-{words[^1]}-{drawn}".Replace("--", "", StringComparison.Ordinal));
            string[] all = [.. words, "--seed", $"{drawn}", "--busy", $"{busy}"];
            var outcome = await HarnessRun.RunAsync(all, folder, cancellationToken, new Dictionary<string, string>
            {
                ["VIDEOSCALE_CLI"] = command,
                [MutantBuild.Variable] = bug,
            });
            // a harness that fails has found nothing
            var isCaught = outcome is { Code: 1 or 3, Verdict: Verdict.Violation or Verdict.NotLive };
            string[] said = [.. outcome.Broken, .. outcome.Violations, .. outcome.Doubts, $"exit {outcome.Code}"];
            var by = outcome.Verdict == Verdict.Valid ? null : said[0];
            return new(bug, words[0], isCaught, by, Math.Round(outcome.Figures.GetValueOrDefault("seconds"), 1));
        }
    }
}
