using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Drain;

/// <param name="First">By name.</param>
/// <param name="Obstacle">What keeps that one.</param>
public sealed record BlockedRooms(uint Rooms, RoomId First, Obstacle Obstacle)
{
    public string Why => Obstacle.Why;

    /// <summary>The same as long as nothing changed but measured figures.</summary>
    public string Kind => $"{Rooms} {First} {Obstacle.Kind}";
}

/// <summary>Why no other node takes a room.</summary>
/// <param name="Why">With what is measured, and what would help.</param>
/// <param name="Kind">Each node and its reason, without figures.</param>
public sealed record Obstacle(string Why, string Kind);

/// <summary>
/// One look at what could leave a node that is being drained, and why the rest cannot. Rooms that need the same are asked about once.
/// </summary>
public sealed class DrainOutlook(Fleet fleet, NodeId node)
{
    private const int MaxNamed = 3;
    private readonly Dictionary<(string Region, Reservation Need), Obstacle?> _known = [];

    public static PlacementRequest RequestOf(RoomState room, NodeId from) =>
        PlacementInputs.For(room) with { Reason = PlacementReason.Drain, Avoid = from, Target = new NodeId("") };

    /// <summary>The rooms of a node that can go nowhere now; null when there are none. Apply thread.</summary>
    /// <param name="most">So many rooms are looked at.</param>
    public static BlockedRooms? Of(NodeState node, Fleet fleet, int most)
    {
        var outlook = new DrainOutlook(fleet, node.Record.Id);
        BlockedRooms? blocked = null;
        foreach (var room in node.Rooms.InOrder().Where(room => room.Record.Status == RoomStatus.Active).Take(most))
        {
            if (outlook.WhyNot(RequestOf(room, node.Record.Id)) is not { } why) continue;
            blocked = blocked is null ? new(1, room.Record.Id, why) : blocked with { Rooms = blocked.Rooms + 1 };
        }
        return blocked;
    }

    /// <returns>Why no other node takes the room; null when one does.</returns>
    public Obstacle? WhyNot(in PlacementRequest request)
    {
        var key = (request.Region, request.Need);
        if (_known.TryGetValue(key, out var known) && known is not null) return known;
        return _known[key] = fleet.FindPlace(request) is { } refused ? ObstacleOf(refused, node, request.Region) : null;
    }

    internal static Obstacle ObstacleOf(PlacementDecision refused, NodeId node, string region)
    {
        var others = refused.Rejections.Where(rejection => rejection.Node != node).ToArray();
        var kinds = others.OrderBy(rejection => rejection.Node.Value, StringComparer.Ordinal)
            .Select(rejection => $"{rejection.Node}:{rejection.Reason}");
        return new(Words(others, region), $"{region} {string.Join(' ', kinds)}");
    }

    private static string Words(PlacementRejection[] others, string region)
    {
        var there = others.Where(rejection => rejection.Reason != RejectionReason.OtherRegion).Take(MaxNamed)
            .Select(rejection => $"{rejection.Node} {rejection.Words}").ToArray();
        var place = region.Length == 0 ? "" : $" in region {region}";
        return there.Length == 0
            ? $"{(region.Length == 0 ? "" : $"it is bound to region {region}, and ")}there is no other node{place}; start one{place}, or "
                + $"close the room"
            : $"no other node{place} takes it ({string.Join("; ", there)}); start or uncordon one{place}, or close the room";
    }
}
