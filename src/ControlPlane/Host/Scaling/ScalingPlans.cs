using System.Collections.Concurrent;
using VideoScale.ControlPlane.Scaling;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>The last plan of each pool, as this replica made it while it led. Any thread.</summary>
internal sealed class ScalingPlans
{
    private readonly ConcurrentDictionary<string, (ScalingPlan Plan, long AtMs)> _plans = new(StringComparer.Ordinal);

    internal void Note(string pool, ScalingPlan plan, long nowMs) => _plans[pool] = (plan, nowMs);

    internal void Forget(string pool) => _plans.TryRemove(pool, out _);

    internal (ScalingPlan Plan, long AtMs)? Find(string pool) => _plans.TryGetValue(pool, out var found) ? found : null;
}
