namespace VideoScale.Chaos.Checkers;

/// <summary>One seat granted by a node, as seen from outside.</summary>
/// <param name="EarliestNs">The node cannot have granted before this: the request was sent then, or the node was frozen until then.</param>
/// <param name="LatestNs">The node had granted by then: its answer was here.</param>
public readonly record struct Grant(string Room, string Node, ulong Epoch, long EarliestNs, long LatestNs);

/// <summary>
/// Says whether two ownerships of a room ever overlapped. An ownership surely lived from its first answer seen to the
/// earliest time of its last grant; epochs only grow, so an older one that grants after a newer one was seen is a fault.
/// </summary>
public static class AuthorityChecker
{
    public static IReadOnlyList<string> Check(IReadOnlyCollection<Grant> grants)
    {
        var violations = new List<string>();
        foreach (var room in grants.GroupBy(g => g.Room))
        {
            var tenures = room.GroupBy(g => g.Epoch).Select(e => new Tenure(e.Key, [.. e])).OrderBy(t => t.Epoch).ToList();
            foreach (var tenure in tenures.Where(t => t.Nodes.Count > 1))
                violations.Add($"{room.Key}: epoch {tenure.Epoch} was granted by {string.Join(" and ", tenure.Nodes)}");
            for (var newer = 1; newer < tenures.Count; newer++)
                for (var older = 0; older < newer; older++)
                    if (tenures[older].LastGrantNs > tenures[newer].FirstSeenNs)
                        violations.Add(
                            $"{room.Key}: epoch {tenures[older].Epoch} on {tenures[older].Nodes[0]} still granted "
                            + $"{(tenures[older].LastGrantNs - tenures[newer].FirstSeenNs) / 1e6:0.0} ms after epoch "
                            + $"{tenures[newer].Epoch} on {tenures[newer].Nodes[0]} was seen");
        }
        return violations;
    }

    private sealed class Tenure(ulong epoch, List<Grant> grants)
    {
        public ulong Epoch => epoch;
        public List<string> Nodes { get; } = [.. grants.Select(g => g.Node).Distinct().Order(StringComparer.Ordinal)];
        public long FirstSeenNs { get; } = grants.Min(g => g.LatestNs);
        public long LastGrantNs { get; } = grants.Max(g => g.EarliestNs);
    }
}
