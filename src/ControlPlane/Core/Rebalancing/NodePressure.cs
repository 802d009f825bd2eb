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
        var cpu = load.CpuPermille + CpuOf(node, since);
        return (uint)Math.Min(int.MaxValue, Math.Max(cpu, Math.Max(Permille(load.BitrateKbps, node.Capacity.BitrateKbps),
            Math.Max(Permille(node.Actual.Publishers, node.Capacity.Publishers),
                Permille(node.Actual.Subscribers, node.Capacity.Subscribers)))));
    }

    /// <summary>What a room takes of a node, or would.</summary>
    internal static uint OfRoom(NodeView node, Reservation actual) => (uint)Math.Min(int.MaxValue, Math.Max(CpuOf(node, actual.BitrateKbps),
        Math.Max(Permille(actual.BitrateKbps, node.Capacity.BitrateKbps),
            Math.Max(Permille(actual.Publishers, node.Capacity.Publishers), Permille(actual.Subscribers, node.Capacity.Subscribers)))));

    internal static ulong CpuOf(NodeView node, ulong kbps) => kbps * node.CpuPermillePerTbps / 1_000_000_000;

    private static ulong Permille(ulong part, ulong whole) => part * 1000 / whole;
}
