using System.Collections.Immutable;

namespace VideoScale.Consensus;

/// <summary>
/// Who votes and who only listens. While <see cref="OutgoingVoters"/> is not empty the membership is joint:
/// every decision needs a majority of both voter sets.
/// </summary>
/// <remarks>All sets are in ascending order of member id, so that every replica enumerates them alike.</remarks>
public sealed record Membership(ImmutableArray<MemberId> Voters, ImmutableArray<MemberId> OutgoingVoters, ImmutableArray<MemberId> Learners)
{
    /// <summary>Of members whose address is known, in ascending order of member id; what the cluster was founded with has none.</summary>
    public ImmutableArray<MemberAddress> Addresses { get; init; } = [];

    public static Membership Of(params ReadOnlySpan<MemberId> voters) => new(Sorted(voters), [], []);

    public bool IsJoint => !OutgoingVoters.IsEmpty;
    public bool IsVoter(MemberId member) => Voters.Contains(member) || OutgoingVoters.Contains(member);
    public bool IsMember(MemberId member) => IsVoter(member) || Learners.Contains(member);

    /// <summary>Members and voters on their way out, in ascending order.</summary>
    public SortedSet<MemberId> Everyone => [.. Voters, .. OutgoingVoters, .. Learners];

    /// <summary>Once joint is over: without those who are out, and without their addresses.</summary>
    public Membership Settled()
    {
        var settled = this with { OutgoingVoters = [] };
        return settled with { Addresses = [.. Addresses.Where(address => settled.IsMember(address.Member))] };
    }

    private static ImmutableArray<MemberId> Sorted(ReadOnlySpan<MemberId> members)
    {
        var array = ImmutableArray.Create(members);
        return array.Sort();
    }

    public bool Equals(Membership? other) => other is not null && Voters.AsSpan().SequenceEqual(other.Voters.AsSpan())
        && OutgoingVoters.AsSpan().SequenceEqual(other.OutgoingVoters.AsSpan()) && Learners.AsSpan().SequenceEqual(other.Learners.AsSpan())
        && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan());

    public override int GetHashCode() => Voters.Length * 31 + Learners.Length; // only for test collections; never feeds a decision
}
