using System.Collections.Immutable;
using System.Runtime.InteropServices;
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

    /// <summary>Worst fit on CPU as forecast, beside the dimensions of version 1.</summary>
    public static readonly PlacementPolicy Forecast = new(2, WorstFit.Filters, [new ForecastScorer(), new FewerRoomsScorer()]);

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
        var survey = new Survey(stackalloc Scored[PlacementDecision.MaxCandidates], stackalloc Refused[PlacementDecision.MaxRejections],
            stackalloc uint[Reasons]);
        var nodes = fleet.Nodes;
        Look(nodes, request, settings, nowMs, ref survey);
        var best = survey.Kept > 0 ? nodes[survey.Best[0].At] : null;
        return new(best?.Node ?? new(""), best?.Incarnation ?? 0, request.Need, request.Reason, fleet.ViewIndex, Version,
            Told(survey, nodes), ToldRefused(survey, nodes), Told(survey.Counts));
    }

    /// <summary>The node that <see cref="DecideOnce"/> takes, without saying why; null for none. Allocates nothing.</summary>
    public NodeView? Pick(IFleet fleet, in PlacementRequest request, PlacementSettings settings, long nowMs)
    {
        var survey = new Survey(stackalloc Scored[1], [], stackalloc uint[Reasons]);
        var nodes = fleet.Nodes;
        Look(nodes, request, settings, nowMs, ref survey);
        return survey.Kept > 0 ? nodes[survey.Best[0].At] : null;
    }

    private void Look(ReadOnlySpan<NodeView> nodes, in PlacementRequest request, PlacementSettings settings, long nowMs, ref Survey survey)
    {
        survey.Counts.Clear();
        var filters = Filters.AsSpan();
        var scorer = Scorers[0];
        for (var at = 0; at < nodes.Length; at++)
        {
            var candidate = new Candidate(nodes[at], NodeUse.Of(nodes[at], settings, nowMs), settings);
            var refusal = Refuse(filters, candidate, request);
            if (refusal.Reason == RejectionReason.None)
            {
                Keep(nodes, new(scorer.Score(candidate, request), at), request, settings, nowMs, ref survey);
                continue;
            }
            survey.Counts[(int)refusal.Reason]++;
            if (survey.Told < survey.Refused.Length) survey.Refused[survey.Told++] = new(at, refusal);
        }
    }

    private static Refusal Refuse(ReadOnlySpan<INodeFilter> filters, in Candidate candidate, in PlacementRequest request)
    {
        foreach (var filter in filters)
        {
            var refusal = filter.Refuse(candidate, request);
            if (refusal.Reason != RejectionReason.None) return refusal;
        }
        return Refusal.None;
    }

    /// <summary>Among the best so far, in order, when it belongs there.</summary>
    private void Keep(ReadOnlySpan<NodeView> nodes, Scored scored, in PlacementRequest request, PlacementSettings settings, long nowMs,
        ref Survey survey)
    {
        var place = survey.Kept;
        while (place > 0 && IsBetter(nodes, scored, survey.Best[place - 1], request, settings, nowMs)) place--;
        if (place == survey.Best.Length) return;
        if (survey.Kept < survey.Best.Length) survey.Kept++;
        for (var at = survey.Kept - 1; at > place; at--) survey.Best[at] = survey.Best[at - 1];
        survey.Best[place] = scored;
    }

    /// <summary>Scores first; then the next scorers; then the smaller name, which is that of the node that was met first.</summary>
    private bool IsBetter(ReadOnlySpan<NodeView> nodes, Scored mine, Scored other, in PlacementRequest request, PlacementSettings settings,
        long nowMs)
    {
        if (mine.Score != other.Score) return mine.Score > other.Score;
        if (Scorers.Length == 1) return false;
        var x = new Candidate(nodes[mine.At], NodeUse.Of(nodes[mine.At], settings, nowMs), settings);
        var y = new Candidate(nodes[other.At], NodeUse.Of(nodes[other.At], settings, nowMs), settings);
        for (var i = 1; i < Scorers.Length; i++)
            if (Scorers[i].Score(x, request).CompareTo(Scorers[i].Score(y, request)) is not 0 and var order) return order > 0;
        return false;
    }

    private static ImmutableArray<PlacementCandidate> Told(in Survey survey, ReadOnlySpan<NodeView> nodes)
    {
        var told = new PlacementCandidate[survey.Kept];
        for (var i = 0; i < told.Length; i++) told[i] = new(nodes[survey.Best[i].At].Node, survey.Best[i].Score);
        return ImmutableCollectionsMarshal.AsImmutableArray(told);
    }

    private static ImmutableArray<PlacementRejection> ToldRefused(in Survey survey, ReadOnlySpan<NodeView> nodes)
    {
        var told = new PlacementRejection[survey.Told];
        for (var i = 0; i < told.Length; i++)
        {
            var (at, refusal) = survey.Refused[i];
            told[i] = new(nodes[at].Node, refusal.Reason, refusal.Limit, refusal.InUse, refusal.Need);
        }
        return ImmutableCollectionsMarshal.AsImmutableArray(told);
    }

    private static ImmutableArray<RejectionCount> Told(ReadOnlySpan<uint> counts)
    {
        var told = new RejectionCount[counts.Length - counts.Count(0u)];
        var next = 0;
        for (var reason = 0; reason < counts.Length; reason++)
            if (counts[reason] > 0) told[next++] = new((RejectionReason)reason, counts[reason]);
        return ImmutableCollectionsMarshal.AsImmutableArray(told);
    }

    /// <param name="At">Among the fleet's nodes.</param>
    private readonly record struct Scored(int Score, int At);

    /// <inheritdoc cref="Scored"/>
    private readonly record struct Refused(int At, Refusal Refusal);

    /// <summary>What a walk over the nodes leaves, all of it on the caller's stack.</summary>
    private ref struct Survey(Span<Scored> best, Span<Refused> refused, Span<uint> counts)
    {
        /// <summary>Best first, the first <see cref="Kept"/> of them.</summary>
        public readonly Span<Scored> Best = best;
        public readonly Span<Refused> Refused = refused;
        /// <summary>By reason.</summary>
        public readonly Span<uint> Counts = counts;
        public int Kept;
        public int Told;
    }
}
