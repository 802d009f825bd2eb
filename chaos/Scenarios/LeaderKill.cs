using System.Diagnostics;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// The leader is killed with SIGKILL under load, again and again; each time it is measured how long until a command commits anew.
/// </summary>
public sealed class LeaderKill : IScenario
{
    private const int OutstandingAtKill = 16;
    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(1);

    public string Name => "leader-kill";
    public string Summary => "kill -9 of the leader under mutations: nothing acknowledged is lost, nothing happens twice";
    public int DefaultRounds => 20;
    public bool NeedsNamespaces => false;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 2), options, cancellationToken);
        await using var load = Load.Start(fleet, options);
        var started = Stopwatch.GetTimestamp();
        var outagesMs = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            await Task.Delay(BetweenKills, cancellationToken);
            var leader = await fleet.LeaderAsync(cancellationToken);
            await load.AwaitOutstandingAsync(OutstandingAtKill, cancellationToken);
            var killed = Stopwatch.GetTimestamp();
            await fleet.KillReplicaAsync(leader);
            await fleet.AwaitCommitAsync(except: leader, $"after-kill-{round}", cancellationToken);
            outagesMs.Add(Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
            await fleet.StartReplicaAsync(leader, cancellationToken);
            await Console.Error.WriteLineAsync(
                $"kill {round + 1}/{options.Rounds}: next commit after {outagesMs[^1]:0} ms, {load.Mutations.Acknowledgements.Count} "
                + $"acknowledged");
        }
        result.Figures["load_seconds"] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await load.FinishAsync(result, options.Out, cancellationToken);
        result.Add("kill_to_commit_ms", outagesMs);
        result.Figures["kills"] = outagesMs.Count;
        result.DemandAtLeast("acknowledged", 100 * options.Rounds);
        result.DemandAtLeast("retried", options.Rounds);
        result.Violate(await ReplayAgreement.CheckAsync(fleet, cancellationToken));
    }
}
