using System.Collections.Concurrent;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Fleets;

/// <summary>
/// What nodes measured of themselves, as their heartbeats said: eventual, in memory, only where the agents are attached (the leader).
/// </summary>
public sealed class NodeLoads(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Measured> _byNode = new(StringComparer.Ordinal);

    private sealed record Measured(ulong Incarnation, Load Load, long Stamp);

    public void Record(string node, ulong incarnation, Load load) => _byNode[node] = new(incarnation, load, clock.GetTimestamp());

    /// <summary>The load, and how long ago it was measured; null when not known of this process.</summary>
    public (Load Load, TimeSpan Age)? Find(string node, ulong incarnation) =>
        _byNode.TryGetValue(node, out var measured) && measured.Incarnation == incarnation
            ? (measured.Load, clock.GetElapsedTime(measured.Stamp)) : null;

    internal void Fill(Node node)
    {
        if (Find(node.NodeId, node.Incarnation) is not { } known) return;
        node.Load = known.Load;
        node.LoadAgeMs = (uint)Math.Min(uint.MaxValue, known.Age.TotalMilliseconds);
    }
}
