using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Engines;

/// <summary>Three control-plane processes over an operator's etcd: killed and frozen while they lead, under load.</summary>
[Collection("processes")]
public sealed class EtcdClusterTests
{
    private const int BasePort = 26_900;
    private const int Writers = 4;

    [Fact]
    public async Task What_was_acknowledged_is_there_once_whoever_led_and_died_or_stood_still()
    {
        await using var etcd = EtcdProcess.Start();
        await etcd.ReadyAsync();
        await using var cluster = await TestCluster.CreateAsync(replicas: 3, media: 0, BasePort);
        foreach (var replica in cluster.Replicas)
            replica.ExtraArguments.AddRange(["--engine", "etcd", "--etcd-endpoints", etcd.Endpoints[0], "--etcd-lease", "2"]);
        cluster.Start();
        await cluster.WaitForReadyAsync();

        using var load = new RoomLoad(cluster, Writers);
        await load.MoreAsync(20);
        var killed = await cluster.WaitForLeaderAsync();
        await killed.KillAsync();
        await load.MoreAsync(20);
        killed.Start();
        var frozen = await cluster.WaitForLeaderAsync();
        frozen.Freeze();
        await cluster.WaitForLeaderAsync(except: frozen);
        await load.MoreAsync(20);
        frozen.Resume(); // it still takes itself for the leader for a moment
        await load.MoreAsync(20);
        await load.StopAsync();
        await load.VerifyAsync();
        Assert.Contains("This process stood still", frozen.Log, StringComparison.Ordinal);

        // What this engine cannot do is said, and the directory is no other engine's.
        var leader = await cluster.WaitForLeaderAsync();
        var refused = await CliProcess.RunAsync(["ctl", "cluster", "remove", $"{killed.Index + 1}", "--server", leader.GrpcAddress]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("etcd", refused.Errors, StringComparison.Ordinal);
        await killed.StopAsync();
        var recover = await CliProcess.RunAsync(["control", "recover", "--data", killed.DataDirectory]);
        Assert.NotEqual(0, recover.ExitCode);
        Assert.Contains("etcd", recover.Errors, StringComparison.Ordinal);
        killed.ExtraArguments.Clear();
        killed.ExtraArguments.AddRange(["--engine", "native"]);
        killed.Start();
        await killed.WaitForExitAsync();
        Assert.Contains("--engine etcd", killed.Log, StringComparison.Ordinal);
    }
}
