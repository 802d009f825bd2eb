using VideoScale.Chaos.Faults;

namespace VideoScale.Chaos.Checkers;

/// <summary>
/// What becomes of the rooms of a media node that hears no replica: it grants nothing once its lease must have ended, and each is granted
/// elsewhere in the end.
/// </summary>
/// <param name="leaseNs">Longest time for which what a node heard last gives it authority.</param>
/// <param name="elsewhereNs">From then on, how soon another node has its rooms.</param>
public sealed class NodeAuthorityChecker(IReadOnlyCollection<Grant> grants, IReadOnlyList<StruckFault> struck, IReadOnlyList<string> nodes,
    int replicas, long leaseNs, long elsewhereNs)
{
    private const int Most = 5;

    public IReadOnlyList<LawFinding> Check() => [NothingAfterTheLease(), RoomsGoElsewhere()];

    /// <summary>From when the node was cut off until another granted in a room that had been its, in milliseconds.</summary>
    public IEnumerable<(StruckFault Fault, string Room, double? Ms)> Elsewhere() =>
        from fault in CutOff
        where fault.EndBeganNs - fault.InForceNs > leaseNs + elsewhereNs
        let node = nodes[fault.Fault.Nodes.First()]
        from room in grants.GroupBy(static grant => grant.Room)
        let last = room.Where(grant => grant.LatestNs < fault.BeganNs).MaxBy(static grant => grant.Epoch)
        where last.Node == node
        let others = room.Where(grant => grant.Node != node && grant.Epoch > last.Epoch && grant.LatestNs > fault.InForceNs
            && grant.LatestNs < fault.EndBeganNs).Select(static grant => grant.LatestNs).ToArray()
        select (fault, room.Key, others.Length == 0 ? null : (double?)((others.Min() - fault.InForceNs) / 1e6));

    /// <summary>Times in which a node hears none of the replicas; one that is frozen would not know the time.</summary>
    private IEnumerable<StruckFault> CutOff =>
        struck.Where(one => one.Fault is CutNode { ToNode: true } cut && cut.Replicas.Distinct().Count() == replicas);

    private LawFinding NothingAfterTheLease()
    {
        var late = new List<string>();
        var tested = 0;
        foreach (var fault in CutOff.Where(fault => fault.EndBeganNs - fault.InForceNs > leaseNs))
        {
            tested++;
            var node = nodes[fault.Fault.Nodes.First()];
            late.AddRange(grants.Where(grant => grant.Node == node && grant.EarliestNs > fault.InForceNs + leaseNs
                && grant.LatestNs < fault.EndBeganNs).Select(grant => $"{node} granted in {grant.Room} under epoch {grant.Epoch} "
                    + $"{(grant.EarliestNs - fault.InForceNs) / 1e6:0} ms after it was cut off"));
        }
        return new("who hears no replica grants nothing once its lease has ended", tested, [.. late.Take(Most)]);
    }

    private LawFinding RoomsGoElsewhere()
    {
        var all = Elsewhere().ToArray();
        return new("the rooms of a node that is cut off go elsewhere", all.Length, [.. all.Where(one => one.Ms is null || one.Ms * 1e6 >
            leaseNs + elsewhereNs).Take(Most).Select(one => $"{one.Room} was granted by no other node within "
                + $"{(leaseNs + elsewhereNs) / 1e6:0} ms of \"{one.Fault.Fault.Words}\"")], IsOfTime: true);
    }
}
