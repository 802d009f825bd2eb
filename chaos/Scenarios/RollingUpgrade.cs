using System.Diagnostics;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// A cluster of another version is upgraded under load as operators do it: replica by replica, each stopped in good order and awaited, the
/// leader too; then node by node. Versions are mixed meanwhile, and every one of them leads, follows, forwards and answers.
/// </summary>
public sealed class RollingUpgrade : IScenario
{
    private static readonly TimeSpan Mixed = TimeSpan.FromSeconds(2);

    public string Name => "rolling-upgrade";
    public string Summary => "replica by replica, then node by node, from another version (--former) to this one, under mutations";
    public int DefaultRounds => 1;
    public bool NeedsNamespaces => false;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        var shape = new ClusterShape(Replicas: 3, Media: 2) { Program = options.Former };
        await using var fleet = await Fleet.StartAsync(shape, options, cancellationToken);
        await using var load = Load.Start(fleet, options);
        var awaySeconds = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            await Task.Delay(Mixed, cancellationToken);
            // The leader is neither first nor last: it hands over to an old one, and new ones follow an old one before.
            var leader = await fleet.LeaderAsync(cancellationToken);
            int[] order = [(leader + 1) % 3, leader, (leader + 2) % 3];
            foreach (var replica in order)
            {
                var began = Stopwatch.GetTimestamp();
                await fleet.UpgradeReplicaAsync(replica, cancellationToken);
                awaySeconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                await Console.Error.WriteLineAsync(
                    $"replica {replica} is upgraded and has caught up after {awaySeconds[^1]:0.0} s, "
                        + $"{load.Mutations.Acknowledgements.Count} acknowledged");
                await Task.Delay(Mixed, cancellationToken); // the mixture works a while
            }
            foreach (var node in fleet.NodeNames) await fleet.UpgradeNodeAsync(node, cancellationToken);
        }
        await load.FinishAsync(result, options.Out, cancellationToken);
        result.Add("replica_away_seconds", awaySeconds);
        result.Figures["upgraded"] = awaySeconds.Count;
        result.Figures["from_another_version"] = options.Former is null ? 0 : 1;
        result.DemandAtLeast("acknowledged", 100 * options.Rounds);
        result.Violate(await ReplayAgreement.CheckAsync(fleet, cancellationToken));
    }
}
