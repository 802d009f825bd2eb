using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Campaigns;

/// <summary>One run of a campaign.</summary>
/// <param name="Load">Of the machine in its last minute.</param>
/// <param name="Folder">What it left; null: nothing is kept of a run in which all held.</param>
public sealed record CampaignEntry(string Scenario, int Seed, DateTimeOffset Began, double Seconds, double Load, int Code, Verdict? Verdict,
    IReadOnlyList<string> Broken, IReadOnlyList<string> Said, IReadOnlyDictionary<string, double> Figures, string? Folder);

/// <summary>All that a campaign has done: kept after each run, so that it can go on after whatever ended it.</summary>
public sealed record CampaignState(int FirstSeed, IReadOnlyList<CampaignEntry> Runs)
{
    public const string FileName = "campaign.json", PageName = "campaign.html";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Scenarios in turn, each time with a seed that none of its runs had.</summary>
    public (IScenario Scenario, int Seed) Next(IReadOnlyList<IScenario> scenarios)
    {
        var next = scenarios.MinBy(scenario => Runs.Count(run => run.Scenario == scenario.Name))!; // the first of those with fewest
        return (next, FirstSeed + Runs.Count(run => run.Scenario == next.Name));
    }

    public CampaignState With(CampaignEntry run) => this with { Runs = [.. Runs, run] };

    /// <summary>The gravest of all runs.</summary>
    public Verdict Verdict => Runs.Any(static run => run.Verdict == Verdict.Violation) ? Verdict.Violation
        : Runs.Any(static run => run.Verdict == Verdict.NotLive) ? Verdict.NotLive
        : Runs.Count == 0 || Runs.Any(static run => run.Verdict != Verdict.Valid) ? Verdict.Invalid : Verdict.Valid;

    public static CampaignState ReadFrom(string directory, int firstSeed)
    {
        var file = Path.Combine(directory, FileName);
        return File.Exists(file) ? JsonSerializer.Deserialize<CampaignState>(File.ReadAllText(file), Json)! : new(firstSeed, []);
    }

    public void WriteTo(string directory)
    {
        var file = Path.Combine(directory, FileName);
        File.WriteAllText(file + ".next", JsonSerializer.Serialize(this, Json) + "\n");
        File.Move(file + ".next", file, overwrite: true);
        File.WriteAllText(Path.Combine(directory, PageName), CampaignPage.Of(this));
    }

    public static CampaignEntry EntryOf(string scenario, int seed, DateTimeOffset began, double load, HarnessOutcome outcome,
        string? folder) =>
        new(scenario, seed, began, Math.Round(outcome.Figures.GetValueOrDefault("seconds"), 1), load, outcome.Code, outcome.Verdict,
            outcome.Broken, [.. outcome.Violations.Concat(outcome.Doubts).Take(5)], outcome.Figures, folder);
}
