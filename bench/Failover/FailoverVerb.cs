using System.CommandLine;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Failover;

/// <summary><c>bench failover</c>: the chaos scenario that kills leaders, for its figures.</summary>
internal static class FailoverVerb
{
    private static readonly (string Key, string Name, string Unit, Better Better)[] Figures =
    [
        ("kill_to_commit_ms_p50", "kill to commit: p50", "ms", Better.Lower),
        ("kill_to_commit_ms_p99", "kill to commit: p99", "ms", Better.Lower),
        ("kill_to_commit_ms_max", "kill to commit: max", "ms", Better.Lower),
        ("acknowledged", "acknowledged", "mutations", Better.Higher),
        ("refused", "refused", "mutations", Better.Lower),
        ("retried", "retried", "mutations", Better.Lower),
        ("linearizable_reads", "linearizable reads", "reads", Better.Higher),
        ("events", "events", "events", Better.Higher),
        ("load_seconds", "load", "s", Better.Lower),
        ("seconds", "run", "s", Better.Lower),
    ];

    internal static Command Create()
    {
        var kills = new Option<int>("--rounds") { Description = "How often the leader is killed.", DefaultValueFactory = _ => 100 };
        var seed = new Option<int>("--seed") { Description = "Draws the operations.", DefaultValueFactory = _ => 1 };
        var output = new Option<string?>("--out") { Description = "Folder for history, result and logs; a new temporary one by default." };
        var results = ResultsOption.Of("failover");
        var command = new Command("failover",
            "kill -9 of the leader under load, again and again: how long until a command commits anew.") { kills, seed, output, results };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetValue(kills), parsed.GetValue(seed), parsed.GetValue(output), parsed.GetValue(results)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int kills, int seed, string? output, string results, CancellationToken cancellationToken)
    {
        var recorder = RunRecorder.Begin().Set("kills", kills).Set("seed", seed);
        var directory = Path.GetFullPath(output ?? Directory.CreateTempSubdirectory("failover-").FullName);
        var result = await ScenarioRun.RunAsync(new LeaderKill(), new ScenarioOptions(seed, kills, directory), cancellationToken);
        foreach (var (key, name, unit, better) in Figures)
            if (result.Figures.TryGetValue(key, out var value)) recorder.Add(name, value, unit, better);
        recorder.Note($"verdict: {result.Verdict}");
        foreach (var finding in result.Violations.Concat(result.Doubts)) recorder.Note(finding);
        recorder.KeepIn(results);
        return (int)result.Verdict;
    }
}
