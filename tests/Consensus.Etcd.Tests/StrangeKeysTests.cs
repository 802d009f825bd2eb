using Google.Protobuf;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Driver;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Keys that are not ours, not there any more, or not what was written: said in one line, and nothing wrong is applied.</summary>
public sealed class StrangeKeysTests(OneEtcd etcd) : IClassFixture<OneEtcd>
{
    [Fact]
    public async Task A_prefix_of_another_cluster_or_of_somebody_else_is_refused()
    {
        var options = etcd.Options();
        await using (var first = new Replicas(options)) await StartedAsync(first);
        await using var other = new Replicas(options, clusterId: 0xC2);
        Refused(() => other.Start(1), "are of cluster 000000000000000000000000000000c1, not 000000000000000000000000000000c2",
            "--etcd-prefix");

        using var raw = new RawEtcd(etcd.Options());
        await raw.PutAsync(raw.Keys.Prefix + "theirs", "1");
        await using var stranger = new Replicas(new EtcdOptions { Endpoints = etcd.Etcd.Endpoints, Prefix = raw.Keys.Prefix });
        Refused(() => stranger.Start(1), "theirs", "--etcd-prefix");

        using var odd = new RawEtcd(etcd.Options());
        await odd.PutAsync(odd.Keys.Prefix + "cluster", "something");
        await using var confused = new Replicas(new EtcdOptions { Endpoints = etcd.Etcd.Endpoints, Prefix = odd.Keys.Prefix });
        Refused(() => confused.Start(1), "something", "--etcd-prefix");
    }

    [Fact]
    public async Task Somebody_elses_key_that_comes_later_is_told_of_and_not_read()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        await StartedAsync(replicas);
        using var raw = new RawEtcd(options);
        await raw.PutAsync(raw.Keys.Prefix + "theirs", "1");
        await Eventually.HoldsAsync(() => replicas.Log(1)
            .Status.Notices.Any(notice => notice.Contains("somebody else writes", StringComparison.Ordinal)),
            "it is told of");
        await replicas.CommitAsync(new ProposalId(1, 2), "goes on");
        await raw.DoAsync(Txn.Delete(ByteString.CopyFromUtf8(raw.Keys.Prefix + "theirs")));
        await Eventually.HoldsAsync(() => replicas.Log(1).Status.Notices.Count == 0, "it is gone");
    }

    [Fact]
    public async Task An_entry_that_was_deleted_stops_who_needs_it_until_a_snapshot_covers_it()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        var committed = await StartedAsync(replicas);
        using var raw = new RawEtcd(options);
        await raw.DoAsync(Txn.Delete(raw.Keys.Entry(committed.Index)));
        await Eventually.HoldsAsync(() => replicas.Log(1)
            .Status.Notices.Any(notice => notice.Contains("deleted entry", StringComparison.Ordinal)),
            "it is told of");
        var needs = replicas.Start(2);
        var fault = await needs.Fatal.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.IsType<EtcdLogException>(fault);
        Assert.Contains($"entry {committed.Index} is missing", fault.Message, StringComparison.Ordinal);
        Assert.Empty(replicas.Machine(2).Commands);
        await replicas.StopAsync(2);
        await (await replicas.LeaderAsync()).CreateSnapshotAsync(CancellationToken.None);
        replicas.Start(2);
        await Eventually.HoldsAsync(() => replicas.Machine(2).Commands.SequenceEqual(replicas.Machine(1).Commands),
            "the snapshot brings it");
    }

    [Theory]
    [InlineData(true, "was written 2 times")]
    [InlineData(false, "was not written by VideoScale")]
    public async Task An_entry_that_somebody_else_wrote_is_never_applied(bool over, string expected)
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        var committed = await StartedAsync(replicas);
        using var raw = new RawEtcd(options);
        var key = raw.Keys.Entry(committed.Index + (over ? 0UL : 1UL));
        await raw.DoAsync(Txn.Put(key, ByteString.CopyFromUtf8("theirs")));
        var fault = await replicas.Log(1).Fatal.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Equal(["before"], replicas.Machine(1).Commands);
        var refused = await replicas.Log(1).ProposeAsync(new ProposalId(5, 1), "x"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Outcome.Rejected, refused.Outcome);
    }

    [Fact]
    public async Task A_head_that_somebody_else_wrote_stops_the_leader_before_it_appends()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        var committed = await StartedAsync(replicas);
        using var raw = new RawEtcd(options);
        await raw.DoAsync(Txn.Put(raw.Keys.Head, new HeadValue(committed.Index + 3, committed.Term).Encode()));
        var outcome = await replicas.Log(1).ProposeAsync(new ProposalId(5, 1), "x"u8.ToArray(), CancellationToken.None);
        Assert.NotEqual(Outcome.Committed, outcome.Outcome);
        await replicas.Log(1).Fatal.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["before"], replicas.Machine(1).Commands);
    }

    [Fact]
    public async Task A_read_that_finds_the_log_set_back_is_answered_all_the_same()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        await StartedAsync(replicas);
        using var raw = new RawEtcd(options);
        await raw.DoAsync(Txn.Delete(raw.Keys.Head));
        var fence = await replicas.Log(1).ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None).AsTask()
            .WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(fence.Ok);
        Assert.IsType<EtcdLogException>(await replicas.Log(1).Fatal.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task An_etcd_that_was_set_back_is_refused_by_whoever_knows_more()
    {
        await using var lost = EtcdProcess.Start();
        await lost.ReadyAsync();
        await using var replicas = new Replicas(new EtcdOptions { Endpoints = lost.Endpoints, LeaseSeconds = 2 });
        var committed = await StartedAsync(replicas);
        var leader = await replicas.LeaderAsync();
        await leader.CreateSnapshotAsync(CancellationToken.None);
        await lost.LoseDataAsync();
        await lost.ReadyAsync();
        Assert.IsType<EtcdLogException>(await replicas.Log(1).Fatal.WaitAsync(TimeSpan.FromSeconds(60)));
        await replicas.StopAsync(1);
        Refused(() => replicas.Start(1), "holds no log", "entry");
        Refused(() => replicas.Start(2, witnessed: committed.Index), "holds no log", $"entry {committed.Index}");
        replicas.Start(3); // knows nothing: for it a new cluster begins
        await replicas.LeaderAsync();
        Refused(() => replicas.Start(2, witnessed: 1_000), "was set back", "entry 1000");
    }

    private static async Task<ProposeResult> StartedAsync(Replicas replicas)
    {
        replicas.Start(1);
        return await replicas.CommitAsync(new ProposalId(1, 1), "before");
    }

    private static void Refused(Action start, params ReadOnlySpan<string> words)
    {
        var refusal = Assert.Throws<DataDirectoryException>(start);
        foreach (var word in words) Assert.Contains(word, refusal.Message, StringComparison.Ordinal);
    }
}
