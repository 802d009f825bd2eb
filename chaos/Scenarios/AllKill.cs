using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>All replicas are killed at once in the middle of the load and started again.</summary>
public sealed class AllKill : IScenario
{
    public string Name => "all-kill";
    public string Summary => "kill -9 of all replicas mid-load, then restart: no acknowledged command is lost";
    public int DefaultRounds => 50;
    public bool NeedsNamespaces => false;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 2), options, cancellationToken);
        await using var load = Load.Start(fleet, options);
        var random = new Random(options.Seed);
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = load.Mutations.Acknowledgements.Count;
            while (load.Mutations.Acknowledgements.Count < before + 50) await Task.Delay(5, cancellationToken);
            await Task.Delay(random.Next(300), cancellationToken);
            await load.AwaitOutstandingAsync(16, cancellationToken);
            for (var i = 0; i < fleet.Replicas.Count; i++) await fleet.KillReplicaAsync(i);
            await Task.WhenAll(Enumerable.Range(0, fleet.Replicas.Count).Select(i => fleet.StartReplicaAsync(i, cancellationToken)));
            await Console.Error.WriteLineAsync(
                $"restart {round + 1}/{options.Rounds}: {load.Mutations.Acknowledgements.Count} acknowledged");
        }
        await fleet.AwaitCommitAsync(except: -1, "after-last", cancellationToken);
        await load.FinishAsync(result, options.Out, cancellationToken);
        result.Figures["restarts"] = options.Rounds;
        result.DemandAtLeast("acknowledged", 50 * options.Rounds);
        result.Violate(await ReplayAgreement.CheckAsync(fleet, cancellationToken));
    }
}
