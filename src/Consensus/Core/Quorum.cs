using System.Collections.Immutable;

namespace VideoScale.Consensus.Core;

/// <summary>What one member stands for in a quorum question: a matching index, a confirmed round, a vote.</summary>
public readonly record struct MemberValue(MemberId Member, ulong Value);

public enum VoteResult : byte { Pending, Won, Lost }

/// <summary>Majorities over a membership; while joint, both voter sets must agree.</summary>
public static class Quorum
{
    /// <summary>Largest list of voters: bounds stack use.</summary>
    public const int MaxVoters = 64;

    /// <summary>
    /// The highest value that a majority of every voter set has reached. Members without a value have 0; members that do not vote do not
    /// count.
    /// </summary>
    public static ulong Agreed(Membership membership, ReadOnlySpan<MemberValue> values)
    {
        var incoming = Agreed(membership.Voters, values);
        return membership.IsJoint ? Math.Min(incoming, Agreed(membership.OutgoingVoters, values)) : incoming;
    }

    /// <param name="votes">1 for a vote granted, 2 for a vote refused.</param>
    public static VoteResult Tally(Membership membership, ReadOnlySpan<MemberValue> votes)
    {
        var incoming = Tally(membership.Voters, votes);
        if (!membership.IsJoint) return incoming;
        var outgoing = Tally(membership.OutgoingVoters, votes);
        if (incoming == VoteResult.Lost || outgoing == VoteResult.Lost) return VoteResult.Lost;
        return incoming == VoteResult.Won && outgoing == VoteResult.Won ? VoteResult.Won : VoteResult.Pending;
    }

    private static ulong Agreed(ImmutableArray<MemberId> voters, ReadOnlySpan<MemberValue> values)
    {
        if (voters.IsEmpty) return 0; // nobody can agree
        Span<ulong> sorted = stackalloc ulong[MaxVoters];
        for (var i = 0; i < voters.Length; i++)
        {
            var value = ValueOf(voters[i], values);
            var at = i;
            for (; at > 0 && sorted[at - 1] < value; at--) sorted[at] = sorted[at - 1];
            sorted[at] = value;
        }
        return sorted[voters.Length / 2]; // descending: voters.Length / 2 + 1 members have at least this
    }

    private static VoteResult Tally(ImmutableArray<MemberId> voters, ReadOnlySpan<MemberValue> votes)
    {
        var granted = 0;
        var refused = 0;
        foreach (var voter in voters)
        {
            var vote = ValueOf(voter, votes);
            if (vote == 1) granted++;
            else if (vote == 2) refused++;
        }
        if (granted > voters.Length / 2) return VoteResult.Won;
        return voters.Length - refused > voters.Length / 2 ? VoteResult.Pending : VoteResult.Lost;
    }

    private static ulong ValueOf(MemberId member, ReadOnlySpan<MemberValue> values)
    {
        foreach (var value in values)
        {
            if (value.Member == member) return value.Value;
        }
        return 0;
    }
}
