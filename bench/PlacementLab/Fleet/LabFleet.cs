using VideoScale.Bench.PlacementLab.Choosers;
using VideoScale.ControlPlane.Placement;

namespace VideoScale.Bench.PlacementLab.Fleet;

/// <summary>Nodes and what is on them.</summary>
internal sealed class LabFleet(IChooser chooser)
{
    private readonly List<LabNode> _open = [];
    private int _launched;

    internal List<LabNode> Nodes { get; } = [];
    internal long NowMs { get; set; }
    internal IReadOnlyList<LabNode> Open => _open;

    internal LabNode Launch(double cores, double nicKbps, long nowMs, long bootMs)
    {
        var node = new LabNode(_launched++, cores, nicKbps) { AskedAtMs = nowMs, ReadyAtMs = nowMs + bootMs };
        Nodes.Add(node);
        SetStatus(node, bootMs == 0 ? LabNodeStatus.Open : LabNodeStatus.Booting);
        return node;
    }

    internal void SetStatus(LabNode node, LabNodeStatus status)
    {
        if (node.Status == LabNodeStatus.Open) _open.Remove(node);
        node.Status = status;
        if (status == LabNodeStatus.Open) _open.Add(node);
        if (status == LabNodeStatus.Gone) Nodes.Remove(node);
        if (status != LabNodeStatus.Booting) chooser.Changed(node, NowMs);
    }

    internal void Put(LabRoom room, LabNode node)
    {
        room.Node = node;
        node.Rooms.Add(room);
        Count(node, room, room.Charged, room.Actual, 1);
        chooser.Changed(node, NowMs);
    }

    internal void Take(LabRoom room)
    {
        var node = room.Node!;
        node.Rooms.Remove(room);
        Count(node, room, room.Charged, room.Actual, -1);
        room.Node = null;
        if (node.Rooms.Count == 0) node.Load = default; // nothing is nothing, whatever sums of fractions say
        chooser.Changed(node, NowMs);
    }

    /// <summary>Somebody comes or goes.</summary>
    internal void Count(LabRoom room, int person, bool joins)
    {
        if (room.Node is not { } node)
        {
            room.Count(person, joins);
            return;
        }
        Count(node, room, room.Charged, room.Actual, -1);
        room.Count(person, joins);
        Count(node, room, room.Charged, room.Actual, 1);
        chooser.Changed(node, NowMs);
    }

    private static void Count(LabNode node, LabRoom room, Reservation charged, Reservation actual, int by)
    {
        node.Participants += by * room.Participants;
        (node.Load, node.Charged, node.Actual) = by > 0
            ? (node.Load + room.Load, node.Charged + charged, node.Actual + actual)
            : (node.Load - room.Load, node.Charged - charged, node.Actual - actual);
    }
}
