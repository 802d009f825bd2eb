using VideoScale.Consensus;
using VideoScale.Harness.Processes;

namespace VideoScale.DotNext.Tests;

public sealed class Restart
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_all_were_stopped_and_a_follower_that_was_away_catches_up()
    {
        await using var replicas = new DotNextReplicas();
        for (var i = 0; i < 20; i++) await replicas.CommitAsync($"c{i}");
        var leader = await replicas.LeaderAsync();
        var away = (replicas.IndexOf(leader) + 1) % 3;
        await replicas.StopAsync(away);
        for (var i = 20; i < 40; i++) await replicas.CommitAsync($"c{i}");
        for (var i = 0; i < 3; i++)
            if (i != away) await replicas.StopAsync(i);
        for (var i = 0; i < 3; i++) replicas.Start(i);
        await replicas.CommitAsync("c40");
        var expected = Enumerable.Range(0, 41).Select(i => $"c{i}").ToArray();
        for (var i = 0; i < 3; i++)
        {
            var machine = replicas.MachineOf(i);
            await Eventually.HoldsAsync(() => machine.Commands.Length >= expected.Length, "all are applied");
            Assert.Equal(expected, machine.Commands);
        }
    }

    [Fact]
    public async Task A_replica_that_needs_what_is_only_in_a_snapshot_gets_it()
    {
        await using var replicas = new DotNextReplicas();
        await replicas.CommitAsync("first");
        var leader = replicas.IndexOf(await replicas.LeaderAsync());
        var away = (leader + 1) % 3;
        await replicas.StopAsync(away);
        for (var round = 0; round < 3; round++) // the last but one is what the log begins with
        {
            for (var i = 0; i < 10; i++) await replicas.CommitAsync($"{round}.{i}");
            for (var i = 0; i < 3; i++)
                if (i != away) await replicas.LogOf(i).CreateSnapshotAsync(CancellationToken.None);
        }
        replicas.Start(away);
        var late = replicas.MachineOf(away);
        await Eventually.HoldsAsync(() => late.Commands.Length >= 31, "it has all");
        Assert.Equal(1, late.Restores);
        Assert.Equal(replicas.MachineOf(leader).Commands, late.Commands);
        await replicas.CommitAsync("after");
        await Eventually.HoldsAsync(() => late.Commands is [.., "after"], "it follows");
    }

    [Fact]
    public async Task A_leader_hands_over_to_whom_the_others_elect_and_a_log_that_is_gone_or_short_of_its_end_is_refused()
    {
        await using var replicas = new DotNextReplicas();
        var first = await replicas.CommitAsync("kept");
        var leader = await replicas.LeaderAsync();
        await leader.TransferLeadershipAsync(MemberId.None, CancellationToken.None);
        Assert.NotSame(leader, await replicas.LeaderAsync());
        Assert.True((await replicas.CommitAsync("by the next one")).Term > first.Term);
        await Assert.ThrowsAsync<NotSupportedException>(async () =>
            await leader.TransferLeadershipAsync(new MemberId(0xFF), CancellationToken.None));
        await replicas.StopAsync(1);
        Assert.Contains("its end is missing", Assert.Throws<DataDirectoryException>(() => replicas.Start(1, witnessed: 1_000)).Message,
            StringComparison.Ordinal);
        replicas.Start(1);
        await replicas.StopAsync(0);
        Directory.Delete(Path.Combine(replicas.DirectoryOf(0), "dotnext"), recursive: true);
        Assert.Contains("the log of this replica is gone", Assert.Throws<DataDirectoryException>(() => replicas.Start(0)).Message,
            StringComparison.Ordinal);
    }
}
