using VideoScale.ControlPlane.Rebalancing;

namespace VideoScale.ControlPlane.Host.Rebalancing;

/// <summary>What the last round of this replica chose. Any thread.</summary>
internal sealed class RebalancePlan(TimeProvider clock)
{
    private volatile Chosen? _last;

    private sealed record Chosen(IReadOnlyList<PlannedMove> Moves, long Stamp);

    internal void Note(IReadOnlyList<PlannedMove> moves) => _last = new(moves, clock.GetTimestamp());

    internal (IReadOnlyList<PlannedMove> Moves, TimeSpan Age)? Last =>
        _last is { } last ? (last.Moves, clock.GetElapsedTime(last.Stamp)) : null;
}
