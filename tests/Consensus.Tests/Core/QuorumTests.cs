using VideoScale.Consensus.Core;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Core;

public sealed class QuorumTests
{
    [Fact]
    public void Agreed_is_the_highest_value_that_a_majority_of_every_voter_set_has() => Seeds.Run(2_000, random =>
    {
        var membership = Draw(random);
        var values = Enumerable.Range(1, 9).Where(_ => random.Next(5) > 0)
            .Select(i => new MemberValue(new MemberId((ulong)i), (ulong)random.Next(6))).ToArray();
        var agreed = Quorum.Agreed(membership, values);
        Assert.True(HaveAtLeast(membership, values, agreed));
        Assert.False(HaveAtLeast(membership, values, agreed + 1));
    });

    [Fact]
    public void A_vote_is_won_or_lost_exactly_when_no_further_answer_can_change_it() => Seeds.Run(2_000, random =>
    {
        var membership = Draw(random);
        var votes = Enumerable.Range(1, 9).Where(_ => random.Next(3) > 0)
            .Select(i => new MemberValue(new MemberId((ulong)i), (ulong)(1 + random.Next(2)))).ToArray();
        var silent = Enumerable.Range(1, 9).Select(i => new MemberId((ulong)i)).Where(member => votes.All(vote => vote.Member != member))
            .ToArray();
        var best = votes.Concat(silent.Select(member => new MemberValue(member, 1))).ToArray();
        var expected = HaveAtLeast(membership, Granted(votes), 1) ? VoteResult.Won : HaveAtLeast(membership, Granted(best), 1)
            ? VoteResult.Pending : VoteResult.Lost;
        Assert.Equal(expected, Quorum.Tally(membership, votes));
    });

    [Fact]
    public void Learners_do_not_count()
    {
        var membership = Membership.Of(new MemberId(1), new MemberId(2), new MemberId(3))
            with
        { Learners = [new MemberId(4), new MemberId(5)] };
        MemberValue[] values = [new(new MemberId(1), 7), new(new MemberId(4), 9), new(new MemberId(5), 9)];
        Assert.Equal(0UL, Quorum.Agreed(membership, values));
    }

    [Fact]
    public void Without_voters_nothing_is_agreed() =>
        Assert.Equal(0UL, Quorum.Agreed(Membership.Of(), [new MemberValue(new MemberId(1), 5)]));

    private static MemberValue[] Granted(MemberValue[] votes) => [.. votes.Select(vote => vote with { Value = vote.Value == 1 ? 1UL : 0 })];

    private static bool HaveAtLeast(Membership membership, MemberValue[] values, ulong wanted)
    {
        foreach (var set in membership.IsJoint ? [membership.Voters, membership.OutgoingVoters] : new[] { membership.Voters })
        {
            var having = set.Count(voter => values.FirstOrDefault(value => value.Member == voter).Value >= wanted);
            if (having * 2 <= set.Length) return false;
        }
        return true;
    }

    private static Membership Draw(Random random)
    {
        MemberId[] Some() => [.. Enumerable.Range(1, 9).Where(_ => random.Next(2) == 0).Append(1 + random.Next(9)).Distinct()
            .Select(i => new MemberId((ulong)i))];
        var membership = Membership.Of(Some());
        return random.Next(2) == 0 ? membership : membership with { OutgoingVoters = Membership.Of(Some()).Voters };
    }
}
