using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>Every replica's disk loses its power at once: what was not synced is gone.</summary>
public sealed class PowerLoss : IScenario
{
    public string Name => "power-loss";
    public string Summary => "power loss of all replicas' disks (XFS on loop devices): no acknowledged command is lost";
    public int DefaultRounds => 10;
    public bool NeedsNamespaces => true; // a mount namespace takes the disks away when the harness ends

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        var volumes = Enumerable.Range(0, 3).Select(i => XfsVolume.Create(options.Out, $"disk-{i}")).ToArray();
        try { await RunOnAsync(volumes, options, result, cancellationToken); }
        finally { foreach (var volume in volumes) volume.Dispose(); }
    }

    private static async Task RunOnAsync(XfsVolume[] volumes, ScenarioOptions options, ScenarioResult result,
        CancellationToken cancellationToken)
    {
        var shape = new ClusterShape(Replicas: 3, Media: 2) { ReplicaRoots = [.. volumes.Select(v => v.Path)] };
        await using var fleet = await Fleet.StartAsync(shape, options, cancellationToken);
        await using var load = Load.Start(fleet, options);
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = load.Mutations.Acknowledgements.Count;
            while (load.Mutations.Acknowledgements.Count < before + 200) await Task.Delay(5, cancellationToken);
            await load.AwaitOutstandingAsync(16, cancellationToken);
            await Task.WhenAll(volumes.Select(v => Task.Run(v.LosePower, cancellationToken)));
            for (var i = 0; i < volumes.Length; i++) await fleet.KillReplicaAsync(i);
            foreach (var volume in volumes) volume.Return();
            await Task.WhenAll(Enumerable.Range(0, volumes.Length).Select(i => fleet.StartReplicaAsync(i, cancellationToken)));
            await Console.Error.WriteLineAsync(
                $"power loss {round + 1}/{options.Rounds}: {load.Mutations.Acknowledgements.Count} acknowledged");
        }
        await fleet.AwaitCommitAsync(except: -1, "after-last", cancellationToken);
        await load.FinishAsync(result, options.Out, cancellationToken);
        result.Figures["power_losses"] = options.Rounds;
        result.DemandAtLeast("acknowledged", 200 * options.Rounds);
        result.Violate(await ReplayAgreement.CheckAsync(fleet, cancellationToken));
    }
}
