using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Report;
using VideoScale.Chaos.Running;
using VideoScale.Harness.Links;

namespace VideoScale.Chaos.Scenarios;

/// <summary>One run of a scenario, from its directory to its verdict.</summary>
public static class ScenarioRun
{
    public const string ResultName = "result.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <param name="cancellationToken">Stops it; what was seen until then is kept.</param>
    /// <returns>What it came to, which is also kept as result.json in the run's directory and written out; a fault of the harness is
    /// thrown.</returns>
    public static async Task<ScenarioResult> RunAsync(IScenario scenario, ScenarioOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.Out);
        if (Namespaced.IsInside) Namespaced.Furnish();
        using var standstills = new Standstills();
        var result = new ScenarioResult
        {
            Standstills = standstills,
            Scenario = scenario.Name,
            Seed = options.Seed,
            Engine = options.Engine,
            Replay = ReplayOf(scenario, options)
        };
        var started = Stopwatch.GetTimestamp();
        try { await scenario.RunAsync(options, result, cancellationToken); }
        catch (NotLiveException e)
        {
            result.Verdict = Verdict.NotLive;
            result.Doubts.Add(e.Message);
        }
        catch (FormatException) { throw; } // what was asked for cannot be run
        catch (Exception e) when (cancellationToken.IsCancellationRequested)
        {
            result.Verdict = Verdict.Stopped;
            result.Doubts.Add("it was stopped before its end");
            if (e is not (OperationCanceledException or Grpc.Core.RpcException)) result.Doubts.Add($"meanwhile: {e.Message}");
        }
        foreach (var (process, ms) in standstills.Ms.Where(static one => one.Value > 0)) result.Figures[$"standstill_ms_{process}"] = ms;
        result.Figures["seconds"] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (result.Verdict is not (Verdict.NotLive or Verdict.Stopped)) result.Conclude();
        var json = JsonSerializer.Serialize(result, Json);
        await File.WriteAllTextAsync(Path.Combine(options.Out, ResultName), json + "\n", CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "junit.xml"), JUnit.Of(result), CancellationToken.None);
        result.Timeline?.Keep(options, result);
        Console.WriteLine(json);
        Console.WriteLine($"{scenario.Name}: {result.Verdict} on {options.Engine} (seed {options.Seed}); all files in {options.Out}");
        return result;
    }

    private static string ReplayOf(IScenario scenario, ScenarioOptions options) => $"./videoscale chaos run {scenario.Name} "
        + (options.Schedule is { } file ? $"--schedule {file}" : $"--seed {options.Seed} --rounds {options.Rounds}")
        + (options.Engine == "native" ? "" : $" --engine {options.Engine}") + (options.Busy == 100 ? "" : $" --busy {options.Busy}");
}
