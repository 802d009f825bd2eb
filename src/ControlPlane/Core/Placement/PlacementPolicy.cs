using System.Collections.Immutable;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Placement;

/// <summary>
/// Picks a node for a room: drop what a filter refuses, take what the scorers like best. Why this node and why not the others is what
/// filters and scorers said.
/// </summary>
/// <param name="Version">Is in each decision. Whoever changes filters or scorers makes a policy with the next number.</param>
/// <param name="Filters">In order: the first that refuses gives the reason.</param>
/// <param name="Scorers">In order: the first decides and is what a decision tells, in permille; the next ones break its ties; then the
/// ordinally smaller name is taken.</param>
/// <remarks>Pure: the same fleet, request and time always give the same decision.</remarks>
public sealed record PlacementPolicy(uint Version, ImmutableArray<INodeFilter> Filters, ImmutableArray<INodeScorer> Scorers)
{
    /// <summary>Worst fit on measured load, reserved growth and this room. Source: see docs/placement.md.</summary>
    public static readonly PlacementPolicy WorstFit = new(1,
        [
            new TargetFilter(), new AliveFilter(), new SchedulingFilter(), new RegionFilter(), new MovedFromFilter(), new CpuFilter(),
            new SoftLimitFilter(),
        ],
        [new HeadroomScorer(), new FewerRoomsScorer()]);

    private static readonly int Reasons = (int)Enum.GetValues<RejectionReason>().Max() + 1;

    /// <param name="nowMs">Leader's monotonic clock, for the age of measured load.</param>
    public PlacementDecision Decide(IFleet fleet, in PlacementRequest request, PlacementSettings settings, long nowMs)
    {
        var decision = DecideOnce(fleet, request, settings, nowMs);
        if (decision.Found || (request.Avoid.IsNone && request.Target.IsNone)) return decision;
        // Better anywhere, and better back where it was, than nowhere: its owner has given it up already.
        var anywhere = DecideOnce(fleet, request with { Avoid = new(""), Target = new("") }, settings, nowMs);
        return anywhere.Found ? anywhere : decision;
    }

    /// <summary>As <see cref="Decide"/>, without the way back to where the room is moved away from.</summary>
    public PlacementDecision DecideOnce(IFleet fleet, in PlacementRequest request, PlacementSettings settings, long nowMs)
    {
        var candidates = new List<Candidate>(fleet.Count); // at once: decided for every room, and grown it would be three times as much
        var order = new List<Scored>(fleet.Count);
        var rejections = ImmutableArray.CreateBuilder<PlacementRejection>();
        Span<uint> counts = stackalloc uint[Reasons];
        counts.Clear();
        foreach (var node in fleet.Nodes)
        {
            var candidate = new Candidate(node, NodeUse.Of(node, settings, nowMs), settings);
            var refusal = Refuse(candidate, request);
            if (refusal.Reason == RejectionReason.None)
            {
                order.Add(new(Scorers[0].Score(candidate, request), candidates.Count));
                candidates.Add(candidate);
                continue;
            }
            if (rejections.Count < PlacementDecision.MaxRejections)
                rejections.Add(new(node.Node, refusal.Reason, refusal.Limit, refusal.InUse, refusal.Need));
            counts[(int)refusal.Reason]++;
        }
        order.Sort(new BestFirst(candidates, Scorers, request));
        var best = order.Count > 0 ? candidates[order[0].At].Node : null;
        return new(best?.Node ?? new(""), best?.Incarnation ?? 0, request.Need, request.Reason, fleet.ViewIndex, Version,
            Told(order, candidates), rejections.ToImmutable(), Told(counts));
    }

    private Refusal Refuse(in Candidate candidate, in PlacementRequest request)
    {
        foreach (var filter in Filters)
        {
            var refusal = filter.Refuse(candidate, request);
            if (refusal.Reason != RejectionReason.None) return refusal;
        }
        return Refusal.None;
    }

    private static ImmutableArray<PlacementCandidate> Told(List<Scored> order, List<Candidate> candidates)
    {
        var told = ImmutableArray.CreateBuilder<PlacementCandidate>(Math.Min(order.Count, PlacementDecision.MaxCandidates));
        for (var i = 0; i < told.Capacity; i++) told.Add(new(candidates[order[i].At].Node.Node, order[i].Score));
        return told.MoveToImmutable();
    }

    private static ImmutableArray<RejectionCount> Told(ReadOnlySpan<uint> counts)
    {
        var told = ImmutableArray.CreateBuilder<RejectionCount>();
        for (var reason = 0; reason < counts.Length; reason++)
            if (counts[reason] > 0) told.Add(new((RejectionReason)reason, counts[reason]));
        return told.ToImmutable();
    }

    /// <param name="At">Among the candidates.</param>
    private readonly record struct Scored(int Score, int At);

    private sealed class BestFirst(List<Candidate> candidates, ImmutableArray<INodeScorer> scorers, PlacementRequest request)
        : IComparer<Scored>
    {
        public int Compare(Scored x, Scored y) =>
            x.Score != y.Score ? y.Score.CompareTo(x.Score) : Next(candidates[x.At], candidates[y.At]);

        private int Next(in Candidate x, in Candidate y)
        {
            for (var i = 1; i < scorers.Length; i++)
                if (scorers[i].Score(y, request).CompareTo(scorers[i].Score(x, request)) is not 0 and var order) return order;
            return x.Node.Node.CompareTo(y.Node.Node);
        }
    }
}
