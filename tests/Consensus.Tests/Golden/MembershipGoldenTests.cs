using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Golden;

/// <summary>Changes of membership, step by step.</summary>
public sealed class MembershipGoldenTests
{
    private static Membership Voters(params ulong[] ids) => Membership.Of([.. ids.Select(id => new MemberId(id))]);

    [Fact]
    public void Three_voters_become_three_others_through_a_joint_membership_and_the_leader_hands_over()
    {
        var cluster = GoldenTests.Elected(3, empty: 2);
        cluster.Say("4 and 5 learn first");
        cluster.Do(1, "learners 4 and 5",
            RaftInput.ChangeMembership(Voters(1, 2, 3) with { Learners = [new MemberId(4), new MemberId(5)] }));
        cluster.Settle();
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.Say("then they take the places of 1 and 2");
        cluster.Do(1, "voters 3, 4 and 5", RaftInput.ChangeMembership(Voters(3, 4, 5)));
        Assert.True(cluster[1].Membership.IsJoint);
        cluster.Settle();
        Assert.Equal(Voters(3, 4, 5), cluster[3].Membership);
        Assert.NotEqual(RaftRole.Leader, cluster[1].Role);
        GoldenTests.Compare("joint-replace", cluster);
    }

    [Fact]
    public void While_joint_the_majority_of_one_set_alone_commits_nothing()
    {
        var cluster = GoldenTests.Elected(3, empty: 2);
        cluster.Do(1, "learners 4 and 5",
            RaftInput.ChangeMembership(Voters(1, 2, 3) with { Learners = [new MemberId(4), new MemberId(5)] }));
        cluster.Settle();
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.Isolate(4);
        cluster.Isolate(5);
        var before = cluster[1].CommitIndex;
        cluster.Do(1, "voters 1, 4 and 5", RaftInput.ChangeMembership(Voters(1, 4, 5)));
        cluster.Settle();
        cluster.Say("1, 2 and 3 have it, all of the old voters; of the new ones only 1 has");
        Assert.Equal(before, cluster[1].CommitIndex);
        cluster.Heal();
        cluster.Do(1, "lost its connection to 4", RaftInput.Disconnected(new MemberId(4)));
        cluster.Settle();
        Assert.Equal(Voters(1, 4, 5), cluster[1].Membership);
        GoldenTests.Compare("joint-needs-both", cluster);
    }

    [Fact]
    public void Another_leader_brings_a_joint_membership_to_its_end()
    {
        var cluster = GoldenTests.Elected(3);
        cluster.StallDisk(1);
        cluster.Do(1, "voters 2 and 3", RaftInput.ChangeMembership(Voters(2, 3)));
        cluster.Cut(2, 1);
        cluster.Cut(3, 1);
        cluster.Settle();
        cluster.Say("2 and 3 have the joint membership; 1 is gone before it knows");
        cluster.Isolate(1);
        cluster.Tick(3, 6);
        cluster.TimeOut(2);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[2].Role);
        Assert.Equal(Voters(2, 3), cluster[2].Membership);
        Assert.True(cluster[1].Membership.IsJoint);
        GoldenTests.Compare("joint-next-leader", cluster);
    }
}
