using VideoScale.ControlPlane.Placement;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>How full a node is by what is on it now, whatever is promised; in permille of its tightest dimension.</summary>
internal static class NodePressure
{
    /// <returns>Null where its load is not known.</returns>
    internal static uint? Of(NodeView node, PlacementSettings settings, long nowMs)
    {
        if (node.Load is not { } load || nowMs - load.MeasuredAtMs > settings.LoadFreshMs) return null;
        // Who came since it was measured counts as by the model, at what a bit costs there.
        var since = node.Actual.BitrateKbps > load.ActualKbpsThen ? node.Actual.BitrateKbps - load.ActualKbpsThen : 0;
        return Tightest(node, load.CpuPermille + node.CpuPermilleOf(since),
            new(node.Actual.Publishers, node.Actual.Subscribers, load.BitrateKbps));
    }

    /// <summary>What a room takes of a node, or would.</summary>
    internal static uint OfRoom(NodeView node, Reservation actual) => Tightest(node, node.CpuPermilleOf(actual.BitrateKbps), actual);

    private static uint Tightest(NodeView node, ulong cpuPermille, Reservation used) => (uint)Math.Min(int.MaxValue, Math.Max(cpuPermille,
        Math.Max(Permille(used.BitrateKbps, node.Capacity.BitrateKbps),
            Math.Max(Permille(used.Publishers, node.Capacity.Publishers), Permille(used.Subscribers, node.Capacity.Subscribers)))));

    private static ulong Permille(ulong part, ulong whole) => part * 1000 / whole;
}
