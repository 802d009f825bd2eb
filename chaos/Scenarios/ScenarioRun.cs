using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Report;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>One run of a scenario, from its directory to its verdict.</summary>
public static class ScenarioRun
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <returns>What it came to, which is also kept as result.json in the run's directory and written out; a fault of the harness is
    /// thrown.</returns>
    public static async Task<ScenarioResult> RunAsync(IScenario scenario, ScenarioOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.Out);
        if (Namespaced.IsInside) Shell.Run("ip", "link", "set", "lo", "up");
        var result = new ScenarioResult { Scenario = scenario.Name, Seed = options.Seed, Engine = options.Engine };
        var started = Stopwatch.GetTimestamp();
        try { await scenario.RunAsync(options, result, cancellationToken); }
        catch (NotLiveException e)
        {
            result.Verdict = Verdict.NotLive;
            result.Doubts.Add(e.Message);
        }
        result.Figures["seconds"] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (result.Verdict != Verdict.NotLive) result.Conclude();
        var json = JsonSerializer.Serialize(result, Json);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "result.json"), json + "\n", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "junit.xml"), JUnit.Of(result), cancellationToken);
        result.Timeline?.Keep(options, result);
        Console.WriteLine(json);
        Console.WriteLine($"{scenario.Name}: {result.Verdict} on {options.Engine} (seed {options.Seed}); all files in {options.Out}");
        return result;
    }
}
