using System.Text.Json.Serialization;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Timelines;
using VideoScale.Harness.Results;

namespace VideoScale.Chaos.Scenarios;

/// <param name="Seed">Draws faults and operations; the schedule of faults repeats, the interleaving of real processes does not.</param>
/// <param name="Rounds">How often the fault strikes.</param>
/// <param name="Out">Where history.jsonl, result.json and the processes' logs go.</param>
/// <param name="Engine">What keeps the log, as <c>--engine</c> names it.</param>
/// <param name="Busy">In how many hundredths of the time the load's clients call; faults strike while they do.</param>
/// <param name="Schedule">A file with the faults, for a scenario that draws them; null: it draws them.</param>
/// <param name="Former">The <c>videoscale</c> command of the version that is upgraded from; null for this one.</param>
public sealed record ScenarioOptions(int Seed, int Rounds, string Out, string? Former = null, string Engine = "native",
    int Busy = 100, string? Schedule = null);

/// <summary>What a run came to.</summary>
public enum Verdict
{
    /// <summary>Every law held while the faults bit.</summary>
    Valid = 0,
    /// <summary>A law was broken.</summary>
    Violation = 1,
    /// <summary>Too little traffic, or a fault that touched nothing: proves nothing.</summary>
    Invalid = 2,
    /// <summary>The laws held but something did not come back in time.</summary>
    NotLive = 3,
    /// <summary>It was stopped by a signal before its end.</summary>
    Stopped = 130,
}

/// <summary>The run's figures and findings; written to result.json.</summary>
public sealed class ScenarioResult
{
    /// <summary>How a doubt begins that is the machine's.</summary>
    public const string TooSlow = "the machine was too slow to tell";

    public required string Scenario { get; init; }
    public required int Seed { get; init; }
    public string Engine { get; init; } = "native";
    /// <summary>How to run it again.</summary>
    public string Replay { get; set; } = "";
    public DateTimeOffset Date { get; } = DateTimeOffset.UtcNow;
    public Verdict Verdict { get; set; } = Verdict.Valid;
    public SortedDictionary<string, double> Figures { get; } = new(StringComparer.Ordinal);
    /// <summary>What is drawn of it; null: nothing.</summary>
    [JsonIgnore]
    public Timeline? Timeline { get; set; }

    /// <summary>How long processes stood still that nobody held; null: nobody looked.</summary>
    [JsonIgnore]
    public Standstills? Standstills { get; init; }

    /// <summary>How often something was held against each law.</summary>
    public SortedDictionary<string, int> Laws { get; } = new(StringComparer.Ordinal);
    /// <summary>Laws that were broken, of those that have a name.</summary>
    public SortedSet<string> Broken { get; } = new(StringComparer.Ordinal);
    public List<string> Violations { get; } = [];
    public List<string> Doubts { get; } = [];

    /// <summary>Three figures of many values.</summary>
    public void Add(string name, IReadOnlyCollection<double> values)
    {
        Figures[$"{name}_p50"] = Percentiles.At(values, 0.50);
        Figures[$"{name}_p99"] = Percentiles.At(values, 0.99);
        Figures[$"{name}_max"] = Percentiles.At(values, 1.00);
    }

    /// <summary>A law that was held to.</summary>
    public void Tested(string law, int times, IReadOnlyCollection<string> violations)
    {
        Laws[law] = Laws.GetValueOrDefault(law) + times;
        if (violations.Count > 0) Broken.Add(law);
        Violations.AddRange(violations);
    }

    /// <summary>
    /// As a law that was held to; where processes were seen to stand still that nobody held, what came too late is but a doubt.
    /// </summary>
    public void Tested(LawFinding law)
    {
        var excused = law.IsOfTime && law.Violations.Count > 0 && Standstills is { IsTooMuch: true };
        Tested(law.Law, law.Tested, excused ? [] : law.Violations);
        if (excused) Doubts.AddRange(law.Violations.Select(one => $"{TooSlow} ({Told(Standstills!)}): {one}"));
    }

    private static string Told(Standstills standstills) =>
        string.Join(", ", from one in standstills.Ms where one.Value > 0 select $"{one.Key} stood still {one.Value:0} ms");

    /// <summary>Demands that a law was tested often enough to prove anything.</summary>
    public void DemandTested(string law, int least)
    {
        if (Laws.GetValueOrDefault(law) < least)
            Doubts.Add($"\"{law}\" was tested {Laws.GetValueOrDefault(law)} times, below {least}: the run proves nothing");
    }

    public void Violate(IEnumerable<string> what) => Violations.AddRange(what);

    /// <summary>Demands that the run had enough of something to prove anything.</summary>
    public void DemandAtLeast(string figure, double least)
    {
        if (Figures.GetValueOrDefault(figure) < least)
            Doubts.Add($"{figure} is {Figures.GetValueOrDefault(figure):0.##}, below {least:0.##}: the run proves nothing");
    }

    public void Conclude()
    {
        if (Violations.Count > 0) Verdict = Verdict.Violation;
        else if (Doubts.Count > 0) Verdict = Verdict.Invalid;
    }
}

/// <summary>A scenario whose faults can be given as a schedule.</summary>
public interface IScheduledScenario : IScenario;

/// <summary>A fault, a load and the laws that must hold under it.</summary>
public interface IScenario
{
    string Name { get; }
    string Summary { get; }
    int DefaultRounds { get; }
    /// <summary>Must the harness run as root in namespaces of its own?</summary>
    bool NeedsNamespaces { get; }
    /// <summary>Why it would prove nothing on an engine; null: it proves what it says.</summary>
    string? WhyNotOn(string engine) => null;
    Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken);
}
