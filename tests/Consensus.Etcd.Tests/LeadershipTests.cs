using System.Text;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Terms, leases and who may append, against a real etcd.</summary>
public sealed class LeadershipTests(OneEtcd etcd) : IClassFixture<OneEtcd>
{
    [Fact]
    public async Task A_leader_whose_lease_is_gone_leads_no_more_and_nothing_is_lost_or_doubled()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        for (var member = 1UL; member <= 3; member++) replicas.Start(member);
        using var raw = new RawEtcd(options);
        var writers = new Writers(replicas).Start();
        var terms = new SortedSet<ulong>();
        for (var i = 0; i < 3; i++)
        {
            await writers.MoreAsync(20);
            var key = await raw.GetAsync(raw.Keys.Leader);
            if (key is null) continue; // between two terms
            Assert.True(terms.Add((ulong)key.CreateRevision) && terms.Max == (ulong)key.CreateRevision);
            await raw.Client.RevokeLeaseAsync(key.Lease, CancellationToken.None);
        }
        await writers.MoreAsync(20);
        await writers.StopAndCheckAsync();
    }

    [Fact]
    public async Task What_a_leader_of_a_term_that_is_over_sends_is_refused_whenever_it_arrives()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        replicas.Start(1);
        using var raw = new RawEtcd(options);
        var before = await replicas.CommitAsync(new ProposalId(1, 1), "before");
        var term = before.Term;
        var head = HeadValue.Decode((await raw.GetAsync(raw.Keys.Head))!.Value);
        var late = new Batch(term, head,
            [new Entry(head.Index + 1, term, EntryKind.Command, new ProposalId(9, 1), Encoding.UTF8.GetBytes("late"))]);
        replicas.Start(2);
        await replicas.StopAsync(1);
        await replicas.LeaderAsync();
        var answer = await raw.Client.TxnAsync(Append.Request(raw.Keys, late), CancellationToken.None);
        Assert.False(answer.Succeeded);
        Assert.Equal(Verdict.Lost, Append.Judge(raw.Keys, late, answer));
        var after = await replicas.CommitAsync(new ProposalId(1, 2), "after");
        Assert.True(after.Term > term);
        Assert.Equal(["before", "after"], replicas.Machine(2).Commands);
    }

    [Fact]
    public async Task A_transaction_that_took_effect_and_is_sent_again_changes_nothing()
    {
        var options = etcd.Options();
        await using var replicas = new Replicas(options);
        replicas.Start(1);
        using var raw = new RawEtcd(options);
        await replicas.CommitAsync(new ProposalId(1, 1), "before");
        var leader = (await raw.GetAsync(raw.Keys.Leader))!;
        var head = HeadValue.Decode((await raw.GetAsync(raw.Keys.Head))!.Value);
        var batch = new Batch((ulong)leader.CreateRevision, head with { Index = head.Index - 1 },
            [new Entry(head.Index, head.Term, EntryKind.Command, new ProposalId(1, 1), Encoding.UTF8.GetBytes("before"))]);
        var again = await raw.Client.TxnAsync(Append.Request(raw.Keys, batch), CancellationToken.None);
        Assert.Equal(Verdict.Committed, Append.Judge(raw.Keys, batch, again));
        Assert.False(again.Succeeded);
        Assert.Equal(1, (await raw.GetAsync(raw.Keys.Entry(head.Index)))!.Version);
    }

    [Fact]
    public async Task Leadership_goes_where_it_is_sent_and_whoever_abstains_never_has_it()
    {
        await using var replicas = new Replicas(etcd.Options());
        for (var member = 1UL; member <= 3; member++) replicas.Start(member);
        for (var member = 1UL; member <= 3; member++)
        {
            var leader = await replicas.LeaderAsync();
            await leader.TransferLeadershipAsync(new MemberId(member), CancellationToken.None);
            await Eventually.HoldsAsync(() => replicas.Log(member).Status.Role == ReplicaRole.Leader, $"{member} leads");
        }
        replicas.Log(3).Abstain();
        await Eventually.HoldsAsync(() => replicas.All.Any(r => r.Log.Status is { Role: ReplicaRole.Leader, Self.Value: not 3 }),
            "another leads");
        await (await replicas.LeaderAsync()).TransferLeadershipAsync(new MemberId(3), CancellationToken.None);
        await Eventually.HoldsAsync(() => replicas.All.Any(r => r.Log.Status is { Role: ReplicaRole.Leader, Self.Value: not 3 }),
            "another leads");
    }

    [Fact]
    public async Task Members_are_refused_a_change_and_told_why()
    {
        await using var replicas = new Replicas(etcd.Options());
        replicas.Start(1);
        var leader = await replicas.LeaderAsync();
        Assert.False(leader.Capabilities.HasFlag(LogCapabilities.Membership));
        var refused = await leader.ChangeMembershipAsync(new MembershipChange([new MemberId(1)], []), 0, CancellationToken.None);
        Assert.Equal(Outcome.Rejected, refused.Outcome);
        Assert.Contains("etcd", refused.Reason, StringComparison.Ordinal);
        await replicas.StopAsync(1);
        using var directory = new EtcdEngine(etcd.Options()).Open(replicas.DirectoryOf(1), Replicas.Cluster, new MemberId(1));
        Assert.Contains("etcdctl snapshot restore", Assert.Throws<DataDirectoryException>(() => directory.Summarize()).Message,
            StringComparison.Ordinal);
        Assert.Throws<DataDirectoryException>(() => directory.BeginAnew(Membership.Of(new MemberId(1)), default, () => { }));
    }

    [Fact]
    public async Task Members_and_how_far_they_are_is_known_everywhere()
    {
        await using var replicas = new Replicas(etcd.Options());
        replicas.Start(1);
        replicas.Start(7); // joined: no founder
        var committed = await replicas.CommitAsync(new ProposalId(1, 1), "x");
        await Eventually.HoldsAsync(() => replicas.Log(1).Status.Membership.IsMember(new MemberId(7)), "the one that joined is a member");
        Assert.Equal([1UL, 2, 3, 7], replicas.Log(1).Status.Membership.Voters.Select(member => member.Value));
        Assert.Contains(replicas.Log(1).Status.Membership.Addresses, address => address is { Member.Value: 7, Api: "r7:2" });
        await Eventually.HoldsAsync(() => replicas.Log(1).Status.Progress.Any(p => p.Member.Value == 7 && p.MatchIndex >= committed.Index
            && p.Silent == TimeSpan.Zero), "it is heard of");
        Assert.True(replicas.Log(1).Status.Progress.Single(p => p.Member.Value == 2).Silent > TimeSpan.FromHours(1)); // it never ran
    }
}
