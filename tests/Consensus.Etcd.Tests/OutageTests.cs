using VideoScale.Consensus.Etcd.Client;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>An etcd that does not answer, loses its leader, or has no room: nothing acknowledged is lost, nothing happens twice.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task While_etcd_stands_still_nobody_leads_and_afterwards_all_goes_on()
    {
        await using var etcd = EtcdProcess.Start();
        await etcd.ReadyAsync();
        await using var replicas = new Replicas(new EtcdOptions { Endpoints = etcd.Endpoints, LeaseSeconds = 2 });
        for (var member = 1UL; member <= 3; member++) replicas.Start(member);
        var writers = new Writers(replicas).Start();
        await writers.MoreAsync(20);
        var leader = await replicas.LeaderAsync();
        etcd.Signal(0, "STOP");
        await Eventually.HoldsAsync(() => leader.Status.Role != ReplicaRole.Leader, "it leads no more without its lease");
        var refused = await leader.ProposeAsync(new ProposalId(1, 1), "x"u8.ToArray(), CancellationToken.None);
        Assert.Equal((Outcome.Rejected, RejectReason.NotLeader), (refused.Outcome, refused.Reason));
        Assert.False((await leader.ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None)).Ok);
        Assert.True((await leader.ReadFenceAsync(ReadMode.Stale, CancellationToken.None)).Ok);
        Assert.Contains(leader.Status.Notices, notice => notice.Contains("no answer of etcd", StringComparison.Ordinal));
        etcd.Signal(0, "CONT");
        await writers.MoreAsync(20);
        await Eventually.HoldsAsync(() => replicas.All.All(r => r.Log.Status.Notices.Count == 0), "nothing is wrong any more");
        await writers.StopAndCheckAsync();
    }

    [Fact]
    public async Task The_loss_of_etcds_leader_costs_time_and_nothing_else()
    {
        await using var etcd = EtcdProcess.Start(members: 3);
        await etcd.ReadyAsync();
        await using var replicas = new Replicas(new EtcdOptions { Endpoints = etcd.Endpoints });
        for (var member = 1UL; member <= 3; member++) replicas.Start(member);
        var writers = new Writers(replicas).Start();
        for (var round = 0; round < 2; round++)
        {
            await writers.MoreAsync(30);
            var leading = await LeaderOfAsync(etcd);
            await etcd.KillAsync(leading);
            await writers.MoreAsync(30);
            etcd.StartMember(leading);
        }
        // One that stands still is worse than one that is gone: calls to it end by their time.
        var frozen = await LeaderOfAsync(etcd);
        etcd.Signal(frozen, "STOP");
        await writers.MoreAsync(30);
        etcd.Signal(frozen, "CONT");
        await writers.MoreAsync(10);
        await writers.StopAndCheckAsync();
    }

    [Fact]
    public async Task Without_room_writes_are_refused_aloud_reads_go_on_and_room_mends_it()
    {
        await using var etcd = EtcdProcess.Start(1, "http", "--quota-backend-bytes", $"{6 << 20}");
        await etcd.ReadyAsync();
        await using var replicas = new Replicas(new EtcdOptions { Endpoints = etcd.Endpoints });
        replicas.Start(1);
        replicas.Start(2);
        var committed = await replicas.CommitAsync(new ProposalId(1, 1), "before");
        var filler = new string('x', 1 << 20);
        using var raw = new RawEtcd(new EtcdOptions { Endpoints = etcd.Endpoints });
        await Assert.ThrowsAsync<EtcdException>(async () =>
        {
            for (var i = 0; i < 20; i++) await raw.PutAsync("/theirs", filler);
        });
        var leader = await replicas.LeaderAsync();
        var refused = await leader.ProposeAsync(new ProposalId(1, 2), "refused"u8.ToArray(), CancellationToken.None);
        Assert.Equal((Outcome.Rejected, RejectReason.Overloaded), (refused.Outcome, refused.Reason));
        Assert.Contains(leader.Status.Notices, notice => notice.Contains("alarm disarm", StringComparison.Ordinal));
        foreach (var (log, machine) in replicas.All)
        {
            Assert.True((await log.ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None)) is { Ok: true } fence
                && fence.Index >= committed.Index);
            Assert.Equal(["before"], machine.Commands);
        }
        Assert.Equal(ReplicaRole.Leader, leader.Status.Role);
        etcd.Ctl("del", "/theirs");
        await raw.Client.CompactAsync(await raw.RevisionAsync(), CancellationToken.None);
        etcd.Ctl("defrag");
        etcd.Ctl("alarm", "disarm");
        await replicas.CommitAsync(new ProposalId(1, 2), "after");
        await Eventually.HoldsAsync(() => replicas.All.All(r => r.Machine.Commands.SequenceEqual(["before", "after"])
            && r.Log.Status.Notices.Count == 0), "all goes on");
    }

    [Fact]
    public async Task An_etcd_that_takes_less_at_a_time_than_it_was_told_gets_less()
    {
        await using var etcd = EtcdProcess.Start(1, "http", "--max-txn-ops", "20", "--max-request-bytes", $"{200 << 10}");
        await etcd.ReadyAsync();
        await using var replicas = new Replicas(new EtcdOptions { Endpoints = etcd.Endpoints });
        replicas.Start(1);
        var leader = await replicas.LeaderAsync();
        var results = await Task.WhenAll(Enumerable.Range(1, 400).Select(async i =>
            await leader.ProposeAsync(new ProposalId(1, (ulong)i), System.Text.Encoding.UTF8.GetBytes($"{i} {new string('x', 2_000)}"),
                CancellationToken.None)));
        Assert.All(results, result => Assert.Equal(Outcome.Committed, result.Outcome));
        Assert.Equal(400, replicas.Machine(1).Commands.Length);
        var alone = await leader.ProposeAsync(new ProposalId(2, 1), new byte[60 << 10], CancellationToken.None);
        Assert.Equal(Outcome.Committed, alone.Outcome);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await leader.ProposeAsync(new ProposalId(2, 2), new byte[2 << 20], CancellationToken.None));
    }

    /// <summary>Which of its members leads etcd itself.</summary>
    private static async Task<int> LeaderOfAsync(EtcdProcess etcd)
    {
        var leading = -1;
        await Eventually.HoldsAsync(async () =>
        {
            for (var i = 0; i < etcd.Count && leading < 0; i++)
            {
                using var one = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoints[i]] });
                try
                {
                    var status = await one.StatusAsync(CancellationToken.None);
                    if (status.Leader != 0 && status.Leader == status.Header.MemberId) leading = i;
                }
                catch (EtcdException) { } // gone
            }
            return leading >= 0;
        }, "etcd has a leader");
        return leading;
    }
}
