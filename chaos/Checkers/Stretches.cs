using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.V1;

namespace VideoScale.Chaos.Checkers;

/// <summary>
/// Times in which what is done to replicas does not change, each as the partition it comes to: who is frozen, dead or without power reaches
/// nobody. What laws hold in it follows from that, as for any partition.
/// </summary>
public static class Stretches
{
    /// <summary>What surely was in force, for what must not happen. Disks, clocks and media nodes keep no replica from another.</summary>
    public static IReadOnlyList<Fault> Sure(IReadOnlyList<StruckFault> struck, int replicas)
    {
        StruckFault[] divide = [.. struck.Where(static one => one.Fault is CutLinks or Freeze or Kill or LosePower)];
        return [.. Between(divide, static one => one.InForceNs, static one => one.EndBeganNs)
            .Where(static stretch => stretch.InForce.Count > 0)
            .Select(stretch => new Fault(Of(stretch.InForce, replicas), stretch.FromNs, stretch.FromNs, stretch.ToNs))];
    }

    /// <summary>
    /// What perhaps was in force and stayed so, for what must happen: long enough for service to come back. A replica whose disk is held
    /// or full is not counted on. A leader whose disk is held still leads, and nothing is owed under it.
    /// </summary>
    /// <param name="served">How soon there must be service, in nanoseconds.</param>
    public static IReadOnlyList<Fault> Steady(IReadOnlyList<StruckFault> struck, IReadOnlyCollection<ReplicaView> views, int replicas,
        long fromNs, long toNs, long served)
    {
        StruckFault[] hamper = [.. struck.Where(static one =>
            one.Fault is CutLinks or Freeze or Kill or LosePower or HoldDisk or FillDisk)];
        var steady = new List<Fault>();
        foreach (var stretch in Between(hamper, static one => one.BeganNs, static one => one.EndedNs, fromNs, toNs))
        {
            // what is begun shortly before it grows worse may fail; what is begun before it grows better may not
            var end = stretch.IsFollowedByMore ? stretch.ToNs - served : stretch.ToNs;
            if (end - stretch.FromNs < served || IsLedFromHeldDisk(stretch, views)) continue;
            var inForce = stretch.InForce.Select(static one => one.InForceNs).Append(stretch.FromNs).Max();
            steady.Add(new Fault(Of(stretch.InForce, replicas), stretch.FromNs, Math.Min(inForce, end), end));
        }
        return steady;
    }

    private sealed record Stretch(long FromNs, long ToNs, IReadOnlyList<StruckFault> InForce, bool IsFollowedByMore);

    private static IEnumerable<Stretch> Between(StruckFault[] struck, Func<StruckFault, long> from, Func<StruckFault, long> to,
        long firstNs = long.MaxValue, long lastNs = long.MinValue)
    {
        long[] changes = [.. struck.SelectMany(one => (long[])[from(one), to(one)]).Append(firstNs).Append(lastNs)
            .Where(static at => at is not (long.MaxValue or long.MinValue)).Distinct().Order()];
        return changes.Zip(changes.Skip(1), (begin, end) => new Stretch(begin, end,
            [.. struck.Where(one => from(one) <= begin && to(one) >= end)], struck.Any(one => from(one) == end)));
    }

    private static Partition Of(IReadOnlyList<StruckFault> inForce, int replicas)
    {
        int[] everyone = [.. Enumerable.Range(0, replicas)];
        var cuts = inForce.SelectMany(one => one.Fault is CutLinks cut
            ? cut.Links.Select(link => new Cut(one.Number(link[0]), one.Number(link[1])))
            : one.Replicas.SelectMany(away => everyone.Where(other => other != away)
                .SelectMany(other => (Cut[])[new(away, other), new(other, away)])));
        return new Partition(inForce.Count == 0 ? "nothing" : string.Join(" + ", inForce.Select(static one => one.Fault.Words)), replicas,
            cuts);
    }

    private static bool IsLedFromHeldDisk(Stretch stretch, IReadOnlyCollection<ReplicaView> views)
    {
        int[] held = [.. stretch.InForce.Where(static one => one.Fault is HoldDisk).SelectMany(static one => one.Replicas)];
        return held.Length > 0 && (stretch.InForce.Any(static one => one.Fault is HoldDisk hold && hold.Replica == 0)
            || views.Any(view => view.Role == ReplicaRole.Leader && held.Contains(view.Replica) && view.AtNs >= stretch.FromNs
                && view.AtNs <= stretch.ToNs));
    }
}
