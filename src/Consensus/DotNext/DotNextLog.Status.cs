namespace VideoScale.Consensus.DotNext;

/// <summary>What others may know of the replica.</summary>
internal sealed partial class DotNextLog
{
    public ReplicaStatus Status
    {
        get
        {
            var leading = _cluster.LeadingTerm != 0;
            var reported = _handOver.ReportedMeta?.Index ?? 0;
            MemberProgress[] progress = [new MemberProgress(_self, (ulong)_log.LastEntryIndex, TimeSpan.Zero, _membership.IsVoter(_self)),
                .. _cluster.Others];
            return new ReplicaStatus(_self, leading ? ReplicaRole.Leader : ReplicaRole.Follower, (ulong)_log.Term,
                leading ? _self : _cluster.LeaderId, (ulong)_log.LastCommittedEntryIndex, _apply.Applied, (ulong)_log.LastEntryIndex,
                reported + 1, (ulong)_log.LastEntryIndex, _store.Latest?.Index ?? 0, _membership, 0, progress);
        }
    }
}
