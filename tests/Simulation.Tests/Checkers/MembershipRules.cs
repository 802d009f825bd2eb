using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Checkers;

/// <summary>
/// How one membership may follow another, whatever the core believes: two that decide apart from each other would both be right.
/// </summary>
internal static class MembershipRules
{
    /// <summary>
    /// A leader has just made this entry: the membership before it is committed, and a majority of the old voters has a say in the new one.
    /// </summary>
    public static void Follows(Replica leader, in Entry entry)
    {
        var (core, next) = (leader.Core!, MembershipCodec.Decode(entry.Payload.Span));
        var (before, index) = Before(core.Log, entry.Index, leader.Disk.Snapshot.Meta);
        if (index > core.CommitIndex)
            throw new Violation("one-change-at-a-time",
                $"{leader.Id} began another membership at {entry.Index} before that of {index} was committed");
        var isAllowed = before.IsJoint ? !next.IsJoint && Same(next.Voters, before.Voters)
            : next.IsJoint ? Same(next.OutgoingVoters, before.Voters) : Same(next.Voters, before.Voters);
        if (!isAllowed)
            throw new Violation("joint-consensus",
                $"{leader.Id} went from voters {Words(before)} to {Words(next)}: a majority of each could decide without the other");
    }

    private static (Membership Membership, ulong Index) Before(RaftLog log, ulong index, SnapshotMeta snapshot)
    {
        for (var at = index - 1; at > log.BaseIndex; at--)
            if (log[at].Kind == EntryKind.Configuration) return (MembershipCodec.Decode(log[at].Payload.Span), at);
        return (snapshot.Membership, snapshot.MembershipIndex);
    }

    private static bool Same(System.Collections.Immutable.ImmutableArray<MemberId> a,
        System.Collections.Immutable.ImmutableArray<MemberId> b) => a.AsSpan().SequenceEqual(b.AsSpan());

    private static string Words(Membership membership) =>
        $"{string.Join(',', membership.Voters)}{(membership.IsJoint ? $" (out: {string.Join(',', membership.OutgoingVoters)})" : "")}";
}
