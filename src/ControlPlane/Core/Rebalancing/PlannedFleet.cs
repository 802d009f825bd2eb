using VideoScale.ControlPlane.Placement;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>The fleet as it will be once the moves chosen so far are done, so that they do not herd.</summary>
internal sealed class PlannedFleet(IFleet fleet) : IFleet
{
    private readonly NodeView[] _nodes = fleet.Nodes.ToArray();

    public ulong ViewIndex => fleet.ViewIndex;
    public ReadOnlySpan<NodeView> Nodes => _nodes;

    internal void Move(in MovableRoom room, int from, int to)
    {
        _nodes[from] = Without(_nodes[from], room);
        _nodes[to] = With(_nodes[to], room);
    }

    internal int IndexOf(NodeView node) => Array.IndexOf(_nodes, node);

    private static NodeView With(NodeView node, in MovableRoom room)
    {
        var cpu = node.CpuPermilleOf(room.Actual.BitrateKbps);
        return node with
        {
            Charged = node.Charged + Reservation.Max(room.Need, room.Actual),
            Actual = node.Actual + room.Actual,
            Rooms = node.Rooms + 1,
            Load = node.Load is not { } load ? null : load with
            {
                CpuPermille = (uint)(load.CpuPermille + cpu),
                BitrateKbps = load.BitrateKbps + room.Actual.BitrateKbps,
                ActualKbpsThen = load.ActualKbpsThen + room.Actual.BitrateKbps,
            },
        };
    }

    private static NodeView Without(NodeView node, in MovableRoom room)
    {
        var cpu = node.CpuPermilleOf(room.Actual.BitrateKbps);
        var (charged, actual) = (node.Charged - room.Charged, node.Actual - room.Actual);
        return node with
        {
            Charged = charged,
            Actual = actual,
            // How much of it was this room's is not known; it is never more than what the others may still grow.
            SettledKbps = Math.Min(node.SettledKbps, Less(charged.BitrateKbps, actual.BitrateKbps)),
            Rooms = node.Rooms - 1,
            Load = node.Load is not { } load ? null : load with
            {
                CpuPermille = (uint)Less(load.CpuPermille, cpu),
                BitrateKbps = Less(load.BitrateKbps, room.Actual.BitrateKbps),
                ActualKbpsThen = Less(load.ActualKbpsThen, room.Actual.BitrateKbps),
            },
        };
    }

    private static ulong Less(ulong from, ulong by) => from > by ? from - by : 0;
}
