using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>
/// Which rooms leave crowded nodes: those that relieve most for each person who is disturbed. Pure. See docs/rebalancing.md.
/// </summary>
public static class RebalanceLaw
{
    /// <summary>A room that takes more of its node stays: its neighbours go.</summary>
    public const uint LargestPermille = 700;
    /// <summary>A crowded node is relieved until it is so far under the limit, and one that takes a room stays so far under it.</summary>
    private const uint MarginPermille = 50;
    /// <summary>Relief of less is not worth anybody's while.</summary>
    private const uint LeastReliefPermille = 3;
    /// <summary>Rooms of one node that are tried, best first: those that find no place do not hold up the round for ever.</summary>
    private const int MostTried = 8;

    /// <param name="policy">Says where a room may go, as for any other room.</param>
    /// <param name="roomsOf">All rooms of a node, in order of names.</param>
    /// <param name="most">So many moves at most.</param>
    /// <param name="nowMs">Leader's monotonic clock.</param>
    public static IReadOnlyList<PlannedMove> Plan(IFleet fleet, PlacementPolicy policy, Func<NodeId, IReadOnlyList<MovableRoom>> roomsOf,
        uint abovePermille, int most, PlacementSettings settings, long nowMs)
    {
        var moves = new List<PlannedMove>();
        if (most <= 0) return moves;
        var crowded = Crowded(fleet, abovePermille, settings, nowMs);
        if (crowded.Count == 0) return moves;
        var planned = new PlannedFleet(fleet);
        foreach (var at in crowded)
        {
            Relieve(planned, at, policy, roomsOf(planned.Nodes[at].Node), abovePermille, most, settings, nowMs, moves);
            if (moves.Count >= most) break;
        }
        return moves;
    }

    /// <summary>The fullest first.</summary>
    private static List<int> Crowded(IFleet fleet, uint abovePermille, PlacementSettings settings, long nowMs)
    {
        var crowded = new List<(uint Permille, int At)>();
        for (var at = 0; at < fleet.Nodes.Length; at++)
            if (NodePressure.Of(fleet.Nodes[at], settings, nowMs) is { } permille && permille > abovePermille) crowded.Add((permille, at));
        crowded.Sort(static (x, y) => x.Permille != y.Permille ? y.Permille.CompareTo(x.Permille) : x.At.CompareTo(y.At));
        return [.. crowded.Select(each => each.At)];
    }

    private static void Relieve(PlannedFleet fleet, int from, PlacementPolicy policy, IReadOnlyList<MovableRoom> rooms, uint abovePermille,
        int most, PlacementSettings settings, long nowMs, List<PlannedMove> moves)
    {
        var tried = 0;
        foreach (var room in BestFirst(fleet.Nodes[from], rooms))
        {
            var source = fleet.Nodes[from];
            var before = NodePressure.Of(source, settings, nowMs)!.Value;
            if (before <= abovePermille - MarginPermille || moves.Count >= most || tried++ == MostTried) return;
            var request = new PlacementRequest(room.Need, room.Region, PlacementReason.MoveRequested, source.Node, new(""));
            if (policy.Pick(fleet, request, settings, nowMs) is not { } destination) continue;
            if (NodePressure.Of(destination, settings, nowMs) is not { } there) continue; // of what is not known nobody is moved to
            var after = there + NodePressure.OfRoom(destination, room.Actual);
            // It ends better than where the room was, and under the limit: or the next round would move it on.
            if (after >= before || after > abovePermille - MarginPermille) continue;
            moves.Add(new(room.Room, room.Epoch, source.Node, destination.Node, room.Participants, before, after,
                NodePressure.OfRoom(source, room.Actual)));
            fleet.Move(room, from, fleet.IndexOf(destination));
            tried = 0;
        }
    }

    /// <summary>By relief for each person disturbed; then the larger relief; then by name.</summary>
    private static IEnumerable<MovableRoom> BestFirst(NodeView node, IReadOnlyList<MovableRoom> rooms) => rooms
        .Where(static room => room.MayMove)
        .Select(room => (Room: room, Relief: NodePressure.OfRoom(node, room.Actual)))
        .Where(each => each.Relief is >= LeastReliefPermille and <= LargestPermille)
        .OrderByDescending(each => each.Relief * 1000UL / Math.Max(1, each.Room.Participants)).ThenByDescending(each => each.Relief)
        .ThenBy(each => each.Room.Room.Value, StringComparer.Ordinal).Select(each => each.Room);
}
