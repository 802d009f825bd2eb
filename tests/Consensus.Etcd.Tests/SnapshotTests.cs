using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Snapshots in etcd, the log that goes behind them, and replicas that come back; history that somebody compacts.</summary>
public sealed class SnapshotTests(OneEtcd etcd) : IClassFixture<OneEtcd>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replica_that_comes_back_behind_what_is_gone_takes_the_snapshot(bool compactsHistory)
    {
        // so that there are several pieces
        var options = etcd.Options() with { MaxRequestBytes = 80 << 10, CompactsHistory = compactsHistory };
        await using var replicas = new Replicas(options);
        replicas.Start(1, snapshotLogBytes: 4 << 10);
        replicas.Start(2, snapshotLogBytes: 4 << 10);
        using var raw = new RawEtcd(options);
        await replicas.CommitAsync(new ProposalId(1, 1), "early");
        await Eventually.HoldsAsync(() => replicas.Machine(2).Commands.Length == 1, "the second has it");
        await replicas.StopAsync(2);
        var filler = new string('x', 10_000);
        for (var i = 1UL; i <= 40; i++) await replicas.CommitAsync(new ProposalId(2, i), $"{i} {filler}");
        var leader = await replicas.LeaderAsync();
        var made = await leader.CreateSnapshotAsync(CancellationToken.None);
        Assert.True(made.FirstIndex > 10 && leader.Status.FirstIndex == made.FirstIndex);
        Assert.Null(await raw.GetAsync(raw.Keys.Entry(made.FirstIndex - 1)));
        Assert.NotNull(await raw.GetAsync(raw.Keys.Entry(made.FirstIndex)));
        Assert.True(SnapshotManifest.Decode((await raw.GetAsync(raw.Keys.Manifest))!.Value)!.Pieces > 1);
        replicas.Start(2); // with what it had
        replicas.Start(3); // with nothing
        await replicas.CommitAsync(new ProposalId(3, 1), "late");
        foreach (var member in (ulong[])[2, 3])
        {
            await Eventually.HoldsAsync(() => replicas.Machine(member).Commands.Length == 42, $"{member} has all");
            Assert.Equal(replicas.Machine(1).Commands, replicas.Machine(member).Commands);
            Assert.True(replicas.Machine(member).Restores > 0);
        }
        // What was acknowledged before the snapshot is acknowledged alike behind it, at whoever took it.
        await leader.TransferLeadershipAsync(new MemberId(3), CancellationToken.None);
        await replicas.CommitAsync(new ProposalId(2, 40), $"40 {filler}");
        Assert.Equal(42, replicas.Machine(3).Commands.Length);
        // Old pieces go with the next snapshot.
        var pieces = await raw.Client.RangeAsync(new Client.RangeRequest
        {
            Key = raw.Keys.Pieces,
            RangeEnd = EtcdKeys.EndOf(raw.Keys.Pieces),
            KeysOnly = true,
        }, CancellationToken.None);
        Assert.Equal(SnapshotManifest.Decode((await raw.GetAsync(raw.Keys.Manifest))!.Value)!.Pieces, pieces.Kvs.Count);
    }

    [Fact]
    public async Task A_leader_does_not_let_go_of_what_its_own_event_log_still_needs()
    {
        await using var replicas = new Replicas(etcd.Options());
        replicas.Start(1, snapshotLogBytes: 1 << 10, prepare: machine => machine.CompactionLimit = 5);
        for (var i = 1UL; i <= 20; i++) await replicas.CommitAsync(new ProposalId(2, i), $"{i} {new string('x', 1_000)}");
        var made = await (await replicas.LeaderAsync()).CreateSnapshotAsync(CancellationToken.None);
        Assert.True(made.Index > 10);
        Assert.True(made.FirstIndex <= 6);
    }

    [Fact]
    public async Task History_that_somebody_compacts_is_not_needed()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        for (var member = 1UL; member <= 3; member++) replicas.Start(member);
        using var raw = new RawEtcd(options);
        var writers = new Writers(replicas).Start();
        await writers.MoreAsync(20);
        await raw.Client.CompactAsync(await raw.RevisionAsync(), CancellationToken.None);
        // A watch from before is told so,
        var told = false;
        await foreach (var response in raw.Client.WatchAsync(new Client.WatchCreateRequest { Key = raw.Keys.All, StartRevision = 1 },
            CancellationToken.None))
        {
            told = response.CompactRevision > 0;
            if (told || response.Canceled) break;
        }
        Assert.True(told);
        // and one that breaks begins anew from what there is.
        await etcd.Etcd.KillAsync(0);
        etcd.Etcd.StartMember(0);
        await etcd.Etcd.ReadyAsync();
        await raw.Client.CompactAsync(await raw.RevisionAsync(), CancellationToken.None);
        await writers.MoreAsync(20);
        await writers.StopAndCheckAsync();
    }

    [Fact]
    public async Task Entries_that_a_watch_did_not_bring_are_read()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        for (var member = 1UL; member <= 2; member++) replicas.Start(member);
        await replicas.CommitAsync(new ProposalId(1, 1), "1");
        using var raw = new RawEtcd(options);
        // Entries that came in while nobody watched, more than one read brings.
        await replicas.StopAsync(2);
        for (var i = 2UL; i <= 700; i += 100)
            await Task.WhenAll(Enumerable.Range(0, 100)
                .Select(n => replicas.CommitAsync(new ProposalId(100 + i, 1 + (ulong)n), $"{i} {n}")));
        replicas.Start(2);
        await Eventually.HoldsAsync(() => replicas.Machine(2).Commands.Length == replicas.Machine(1).Commands.Length, "it has caught up");
        Assert.Equal(replicas.Machine(1).Commands, replicas.Machine(2).Commands);
        Assert.Equal(0, replicas.Machine(2).Restores);
    }
}
