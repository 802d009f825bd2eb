using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Bench.Machine;
using VideoScale.Chaos.Fabric;
using VideoScale.Chaos.Scenarios;

IScenario[] scenarios = [new LeaderKill(), new AllKill(), new PowerLoss(), new PausedLeader(), new LeaderCut(), new Authority()];

var name = new Argument<string>("scenario") { Description = "a name from `chaos list`" };
var seed = new Option<int>("--seed") { Description = "draws faults and operations", DefaultValueFactory = _ => 1 };
var rounds = new Option<int>("--rounds") { Description = "how often the fault strikes; 0 for the scenario's default" };
var output = new Option<DirectoryInfo>("--out") { Description = "folder for history, result and logs; a new temporary one by default" };
var results = new Option<FileInfo>("--results") { Description = "a second place for the result, e.g. bench/results/failover.json" };
var run = new Command("run", "Runs one scenario against real processes and checks its laws.") { name, seed, rounds, output, results };
run.SetAction(async (parsed, cancellationToken) =>
{
    var scenario = scenarios.FirstOrDefault(s => s.Name == parsed.GetValue(name));
    if (scenario is null) { await Console.Error.WriteLineAsync($"chaos: no scenario \"{parsed.GetValue(name)}\"; `chaos list` names them"); return 254; }
    if (scenario.NeedsNamespaces && !Namespaced.IsInside) return Namespaced.Reenter(Environment.GetCommandLineArgs());
    return await RunScenarioAsync(scenario, parsed.GetValue(seed), parsed.GetValue(rounds), parsed.GetValue(output)?.FullName, parsed.GetValue(results)?.FullName, cancellationToken);
});
var list = new Command("list", "Names the scenarios.");
list.SetAction(_ => { foreach (var s in scenarios) Console.WriteLine($"{s.Name,-14} {s.DefaultRounds,4} rounds  {s.Summary}"); });
return await new RootCommand("Tries to break VideoScale with real processes, disks and networks. Exit codes: 0 valid, 1 violation, 2 proves nothing, 3 not live in time, 254 usage, 255 fault of the harness.") { run, list }
    .Parse(args).InvokeAsync();

static async Task<int> RunScenarioAsync(IScenario scenario, int seed, int rounds, string? output, string? results, CancellationToken cancellationToken)
{
    var directory = output ?? Directory.CreateTempSubdirectory("chaos-").FullName;
    Directory.CreateDirectory(directory);
    if (Namespaced.IsInside) Shell.Run("ip", "link", "set", "lo", "up");
    var result = new ScenarioResult { Scenario = scenario.Name, Seed = seed };
    var started = Stopwatch.GetTimestamp();
    try
    {
        await scenario.RunAsync(new ScenarioOptions(seed, rounds > 0 ? rounds : scenario.DefaultRounds, directory), result, cancellationToken);
    }
    catch (NotLiveException e) { result.Verdict = Verdict.NotLive; result.Doubts.Add(e.Message); }
    catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
    {
        await Console.Error.WriteLineAsync($"chaos: fault of the harness: {e}\nlogs: {directory}");
        return 255;
    }
    result.Figures["seconds"] = Stopwatch.GetElapsedTime(started).TotalSeconds;
    if (result.Verdict != Verdict.NotLive) result.Conclude();
    result.Machine = MachineFacts.Read();
    var json = JsonSerializer.Serialize(result, ResultJson.Options);
    foreach (var path in (string?[])[Path.Combine(directory, "result.json"), results])
        if (path is not null) await File.WriteAllTextAsync(path, json + "\n", cancellationToken);
    Console.WriteLine(json);
    Console.WriteLine($"{scenario.Name}: {result.Verdict} (seed {seed}); all files in {directory}");
    return (int)result.Verdict;
}

internal static class ResultJson
{
    public static readonly JsonSerializerOptions Options = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new JsonStringEnumConverter() } };
}
