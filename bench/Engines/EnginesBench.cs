using VideoScale.Bench.Consensus;
using VideoScale.Chaos.Scenarios;
using VideoScale.Consensus.DotNext;
using VideoScale.Consensus.Engine;
using VideoScale.Consensus.Etcd;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Engines;

internal sealed record EnginesBenchOptions(TimeSpan Duration, TimeSpan WarmUp, int Rounds, int[] InFlight, int Kills, string Directory,
    string Results, bool WithEtcd);

/// <summary>Every engine behind the seam, and etcd's own Put: all run the whole time and take turns.</summary>
internal static class EnginesBench
{
    private const int PayloadBytes = 256;
    private const int Replicas = 3;

    private sealed record Row(Measurement Run, double? SyncsPerCommit);

    internal static async Task<int> RunAsync(EnginesBenchOptions options, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(options.Directory);
        if (!SyncCounter.IsThere) return await SyncCounter.RunAgainAsync(root + "-preload", cancellationToken);
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
        Directory.CreateDirectory(root);
        var recorder = RunRecorder.Begin();
        List<ISystem> systems = [new SeamSystem(root, PayloadBytes, new RaftEngine(tls: null)),
            new SeamSystem(root, PayloadBytes, new DotNextEngine(tls: null))];
        if (options.WithEtcd)
        {
            var etcd = EtcdProcess.Start(new EtcdShape(Members: Replicas) { Root = Path.Combine(root, "etcd-of-the-engine") });
            var engine = new EtcdEngine(new EtcdOptions { Endpoints = etcd.Endpoints });
            systems.AddRange([new SeamSystem(root, PayloadBytes, engine, outside: etcd), new EtcdSystem(root, PayloadBytes)]);
        }
        string[] engines = [.. systems.OfType<SeamSystem>().Select(system => system.Name)];
        var rows = new List<Row>();
        try
        {
            foreach (var system in systems)
            {
                await system.StartAsync(cancellationToken);
                await Measurement.TakeAsync(system, options.InFlight.Max(), TimeSpan.Zero, options.WarmUp, cancellationToken);
            }
            foreach (var inFlight in options.InFlight)
                for (var round = 0; round < options.Rounds; round++)
                    foreach (var system in systems) rows.Add(await TakeAsync(system, inFlight, options, cancellationToken));
        }
        finally
        {
            foreach (var system in systems) await system.DisposeAsync();
        }
        var kills = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var engine in engines)
            if (options.Kills > 0) kills[engine] = await KillAsync(engine, options.Kills, root, cancellationToken);
        Keep(recorder, rows, kills, options);
        Directory.Delete(root, recursive: true);
        return rows.TrueForAll(row => row.Run.OpsPerSecond > 0) ? 0 : 1;
    }

    private static async Task<Row> TakeAsync(ISystem system, int inFlight, EnginesBenchOptions options, CancellationToken cancellationToken)
    {
        var (warmUp, before) = (TimeSpan.FromSeconds(0.5), await system.SyncsAsync(cancellationToken));
        var run = await Measurement.TakeAsync(system, inFlight, warmUp, options.Duration, cancellationToken);
        var commits = run.OpsPerSecond * (warmUp + options.Duration).TotalSeconds;
        Console.WriteLine($"  {inFlight,3} in flight, {run.System}: {run.OpsPerSecond:N0}/s");
        return new Row(run, (await system.SyncsAsync(cancellationToken) - before) / commits / Replicas);
    }

    private static async Task<double> KillAsync(string engine, int kills, string root, CancellationToken cancellationToken)
    {
        var result = await ScenarioRun.RunAsync(new LeaderKill(),
            new ScenarioOptions(Seed: 1, kills, Path.Combine(root, $"kill-{engine}"), Engine: engine), cancellationToken);
        return result.Figures.GetValueOrDefault("kill_to_commit_ms_p50");
    }

    private static void Keep(RunRecorder recorder, List<Row> rows, Dictionary<string, double> kills, EnginesBenchOptions options)
    {
        recorder.Set("rounds", options.Rounds).Set("seconds", options.Duration.TotalSeconds).Set("kills", options.Kills);
        var groups = rows.GroupBy(row => (row.Run.System, row.Run.InFlight)).OrderBy(group => group.Key.InFlight).ToList();
        Console.WriteLine(
            $"\n{"engine",-34} {"in flight",9} {"commits/s",10} {"p50 ms",8} {"p99 ms",8} {"syncs/commit",13} {"CPU s/1000",11} "
                + $"{"kill→commit",12}");
        var drawn = new List<(string System, int InFlight, double PerSecond)>();
        foreach (var group in groups)
        {
            var median = Measurement.Median(group.Select(row => row.Run));
            var syncs = group.Average(row => row.SyncsPerCommit);
            var name = $"{median.System}, {median.InFlight} in flight";
            Console.WriteLine(
                $"{median.System,-34} {median.InFlight,9} {median.OpsPerSecond,10:N0} {median.P50Ms,8:F2} {median.P99Ms,8:F2} "
                + $"{(syncs is { } counted ? $"{counted:F2}" : "-"),13} {median.CpuSecondsPer1000Ops,11:F3} "
                + $"{(kills.TryGetValue(median.System, out var kill) ? $"{kill:N0} ms" : "-"),12}");
            drawn.Add((median.System, median.InFlight, median.OpsPerSecond));
            if (median.IsPeer)
            {
                if (syncs is { } peers) recorder.Add($"{name}: syncs of a member", peers, "syncs per commit", Better.Lower);
                continue;
            }
            recorder.Add($"{name}: commits", [.. group.Select(row => row.Run.OpsPerSecond)], "ops/s", Better.Higher)
                .Add($"{name}: p50", median.P50Ms, "ms", Better.Lower)
                .Add($"{name}: p99", median.P99Ms, "ms", Better.Lower)
                .Add($"{name}: processor time", median.CpuSecondsPer1000Ops, "CPU s per 1,000 ops", Better.Lower);
            if (syncs is { } average) recorder.Add($"{name}: syncs of a replica", average, "syncs per commit", Better.Lower);
            foreach (var peer in groups.Where(other => other.Key.InFlight == median.InFlight && other.First().Run.IsPeer))
                recorder.Against(peer.Key.System, $"{name}: commits", Measurement.Median(peer.Select(row => row.Run)).OpsPerSecond);
        }
        foreach (var (engine, ms) in kills) recorder.Add($"{engine}: leader killed to next commit, p50", ms, "ms", Better.Lower);
        recorder.KeepIn(options.Results);
        if (options.Results != RunRecorder.Nowhere)
            File.WriteAllText(Path.ChangeExtension(options.Results, ".svg"), EnginesPlot.Of(drawn));
    }
}
