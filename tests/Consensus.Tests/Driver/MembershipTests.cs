using VideoScale.Consensus;

namespace VideoScale.Consensus.Tests.Driver;

/// <summary>Members come and go while commands are committed.</summary>
public sealed class MembershipTests
{
    private static MembershipChange Voters(params ulong[] ids) => new([.. ids.Select(id => new MemberId(id))], []);

    /// <summary>As an operator does: from the membership that holds, again when leadership moved meanwhile.</summary>
    private static async Task<MembershipResult> ChangeAsync(Replicas replicas, MembershipChange change)
    {
        for (var tries = 0; tries < 50; tries++)
        {
            var leader = await replicas.LeaderAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var result = await leader.ChangeMembershipAsync(change, leader.Status.MembershipIndex, patience.Token);
            if (result.Outcome == Outcome.Committed) return result;
            await Task.Delay(20);
        }
        throw new InvalidOperationException("the members were never changed");
    }

    [Fact]
    public async Task One_voter_grows_to_three_and_five_and_shrinks_to_three_without_its_founder_and_nothing_acknowledged_is_lost()
    {
        await using var replicas = new Replicas(1);
        var acknowledged = new List<string>();
        using var stop = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            for (ulong i = 1; !stop.IsCancellationRequested; i++)
            {
                await replicas.CommitAsync(new ProposalId(7, i), $"c{i}");
                acknowledged.Add($"c{i}");
            }
        });
        replicas.Join(2);
        replicas.Join(3);
        await ChangeAsync(replicas, Voters(1, 2, 3));
        replicas.Join(4);
        replicas.Join(5);
        await ChangeAsync(replicas, Voters(1, 2, 3, 4, 5));
        await ChangeAsync(replicas, Voters(3, 4, 5)); // the founder may lead now
        await Replicas.Until(() => replicas[3].Status.Membership.Voters.Length == 3
            && new ulong[] { 3, 4, 5 }.Any(id => replicas[id].Status.Role == ReplicaRole.Leader));
        // both were told
        await Replicas.Until(() => !replicas[1].Status.Membership.IsMember(new MemberId(1))
            && !replicas[2].Status.Membership.IsMember(new MemberId(2)));
        await stop.CancelAsync();
        await load;
        await Replicas.Until(() => new ulong[] { 3, 4, 5 }.All(id => replicas.Machines[id].Commands.Length == acknowledged.Count));
        foreach (ulong id in new[] { 3, 4, 5 }) Assert.Equal(acknowledged, replicas.Machines[id].Commands);
        Assert.All(new ulong[] { 1, 2 }, id => Assert.NotEqual(ReplicaRole.Leader, replicas[id].Status.Role));
    }

    [Fact]
    public async Task A_learner_gets_everything_and_counts_for_nothing()
    {
        await using var replicas = new Replicas(1);
        replicas.Join(2);
        await ChangeAsync(replicas, new MembershipChange([new MemberId(1)], [new MemberId(2)]));
        await replicas.CommitAsync(new ProposalId(7, 1), "a");
        await Replicas.Until(() => replicas.Machines[2].Commands.Length == 1);
        await replicas.KillAsync(2);
        Assert.Equal(Outcome.Committed, (await replicas.CommitAsync(new ProposalId(7, 2), "b")).Outcome);
    }

    [Fact]
    public async Task A_voter_that_cannot_catch_up_is_not_waited_for_by_commits_and_does_not_become_one()
    {
        await using var replicas = new Replicas(1);
        var leader = await replicas.LeaderAsync();
        using (var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500)))
        {
            // nobody is there as 9
            var change = leader.ChangeMembershipAsync(Voters(1, 9), leader.Status.MembershipIndex, patience.Token).AsTask();
            await replicas.CommitAsync(new ProposalId(7, 1), "meanwhile");
            Assert.Equal(Outcome.Unknown, (await change).Outcome);
        }
        Assert.Equal(new MemberId(1), Assert.Single(leader.Status.Membership.Voters));
        Assert.Equal(new MemberId(9), Assert.Single(leader.Status.Membership.Learners));
        Assert.Equal(Outcome.Committed, (await replicas.CommitAsync(new ProposalId(7, 2), "and after")).Outcome);
    }

    [Fact]
    public async Task Only_one_change_at_a_time_only_from_what_holds_and_never_to_nobody()
    {
        await using var replicas = new Replicas(3);
        var leader = await replicas.LeaderAsync();
        var index = leader.Status.MembershipIndex;
        using var patience = new CancellationTokenSource();
        var waiting = leader.ChangeMembershipAsync(Voters(1, 2, 3, 9), index, patience.Token).AsTask();
        await Replicas.Until(() => leader.Status.MembershipIndex > index);
        var now = leader.Status.MembershipIndex;
        Assert.Contains("another change", (await leader.ChangeMembershipAsync(Voters(1, 2), now, CancellationToken.None)).Reason,
            StringComparison.Ordinal);
        await patience.CancelAsync();
        Assert.Equal(Outcome.Unknown, (await waiting).Outcome);
        Assert.Contains("changed meanwhile", (await leader.ChangeMembershipAsync(Voters(1, 2), index, CancellationToken.None)).Reason,
            StringComparison.Ordinal);
        Assert.Contains("at least one", (await leader.ChangeMembershipAsync(Voters(), now, CancellationToken.None)).Reason,
            StringComparison.Ordinal);
        var follower = replicas.Running.First(log => log.Status.Role != ReplicaRole.Leader);
        Assert.Equal(Outcome.Rejected, (await follower.ChangeMembershipAsync(Voters(1, 2), now, CancellationToken.None)).Outcome);
    }

    [Fact]
    public async Task Four_voters_split_in_the_middle_commit_nothing_and_heal_alone()
    {
        await using var replicas = new Replicas(4);
        await replicas.CommitAsync(new ProposalId(7, 1), "before");
        replicas.Network.Split([1, 2], [3, 4]);
        await Replicas.Until(() => replicas.Running.All(log => log.Status.Role != ReplicaRole.Leader)); // check-quorum
        var committed = replicas.Running.Max(log => log.Status.CommitIndex);
        foreach (var log in replicas.Running)
            Assert.NotEqual(Outcome.Committed, (await log.ProposeAsync(new ProposalId(8, log.Status.Self.Value), "split"u8.ToArray(),
                new CancellationTokenSource(200).Token)).Outcome);
        Assert.Equal(committed, replicas.Running.Max(log => log.Status.CommitIndex));
        replicas.Network.Heal();
        await replicas.CommitAsync(new ProposalId(7, 2), "after");
        await Replicas.Until(() => replicas.Machines.Values.All(machine => machine.Commands.SequenceEqual(["before", "after"])));
    }

    [Fact]
    public async Task Addresses_travel_with_the_membership_and_stay_until_their_member_is_out()
    {
        await using var replicas = new Replicas(1,
            options => options with { KnownAddresses = [new MemberAddress(new MemberId(1), "one:1", "one:2", "one:3")] });
        replicas.Join(2);
        var two = new MemberAddress(new MemberId(2), "two:1", "two:2", "");
        await ChangeAsync(replicas, Voters(1, 2) with { Addresses = [two] });
        await Replicas.Until(() => replicas[2].Status.Membership.Addresses.Length == 2);
        Assert.Equal("one:1", replicas[2].Status.Membership.Addresses[0].Raft);
        await ChangeAsync(replicas, Voters(2));
        await Replicas.Until(() => replicas[2].Status.Membership.Addresses.SequenceEqual([two]));
    }
}
