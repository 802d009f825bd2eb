using VideoScale.Consensus.Engine;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Which directories an operator may make the only voter.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task A_log_that_nobody_confirmed_is_refused_and_one_that_met_a_conflict_is_taken_and_takes_part_again()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var directory = cluster.DirectoryOf(0);
        await cluster.StopAsync(0);
        var (origin, conflict) = (Path.Combine(directory, "origin.json"), Path.Combine(directory, "conflict.json"));
        var confirmed = await File.ReadAllTextAsync(origin);
        var isNew = confirmed.Replace("\"is_new\": false", "\"is_new\": true", StringComparison.Ordinal);
        Assert.NotEqual(confirmed, isNew);
        await File.WriteAllTextAsync(origin, isNew);
        var refused = Assert.Throws<StartupException>(() => OfflineRecovery.Recover(directory, new RaftEngine(tls: null)));
        Assert.Contains("no leader has confirmed that it is whole", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StartupException>(() => OfflineRecovery.Inspect(directory, new RaftEngine(tls: null)));

        await File.WriteAllTextAsync(origin, confirmed);
        await File.WriteAllTextAsync(conflict, """{"what":"members that did not have entry 7 elected each other"}""");
        Assert.True(OfflineRecovery.Inspect(directory, new RaftEngine(tls: null)).LastIndex > 0);
        Assert.True(File.Exists(conflict)); // looking decides nothing
        OfflineRecovery.Recover(directory, new RaftEngine(tls: null));
        Assert.False(File.Exists(conflict));
        await cluster.StartAsync_(0);
        await cluster.WaitReadyAsync();
    }
}
