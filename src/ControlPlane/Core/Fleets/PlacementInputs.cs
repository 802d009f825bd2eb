using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Fleets;

/// <summary>What placement is asked, out of rooms and nodes: the one place that knows both.</summary>
public static class PlacementInputs
{
    /// <summary>Rooms that have been on a node for so long have grown as far as they will, on the whole.</summary>
    public const long GrowsForMs = 15 * 60_000;

    /// <summary>A node without load and without decisions under way.</summary>
    /// <param name="settledKbps">See <see cref="SettledKbps"/>; as of a while ago it may be more than what is reserved now.</param>
    public static NodeView ViewOf(NodeState node, ulong settledKbps)
    {
        var reserved = node.Charged.BitrateKbps - Math.Min(node.Charged.BitrateKbps, node.Actual.BitrateKbps);
        return new(node.Record.Id, node.Record.Incarnation, node.Record.Description.Region,
            StandingOf(node.Record.Health, node.Record.Scheduling), node.Record.Capacity, node.Charged, node.Actual, (uint)node.Rooms.Count,
            Reservation.Nothing, 0, null)
        { SettledKbps = Math.Min(settledKbps, reserved) };
    }

    /// <summary>What is reserved for rooms that grow no more. Looks at each room of the node.</summary>
    public static ulong SettledKbps(NodeState node, long logNowMs)
    {
        ulong settled = 0;
        foreach (var room in node.Rooms.InOrder())
            if (room.Record.Owner is { } owner && logNowMs - owner.PlacedAtMs >= GrowsForMs)
                settled += room.Charged.BitrateKbps - room.Actual.BitrateKbps;
        return settled;
    }

    /// <summary>A process that is not heard counts before what operators want of it.</summary>
    public static NodeStanding StandingOf(NodeHealth health, NodeScheduling scheduling) => health switch
    {
        NodeHealth.Left => NodeStanding.Left,
        NodeHealth.Lost => NodeStanding.Lost,
        not NodeHealth.Healthy => NodeStanding.Suspected,
        _ => scheduling switch
        {
            NodeScheduling.Cordoned => NodeStanding.Cordoned,
            NodeScheduling.Draining => NodeStanding.Draining,
            NodeScheduling.Drained => NodeStanding.Drained,
            _ => NodeStanding.Open,
        },
    };

    /// <summary>For a room in state that waits for a node.</summary>
    public static PlacementRequest For(RoomState room) => new(
        PeakOf(room.Record.Settings, room.Participants, room.Publishers), room.Record.Settings.Region, room.Record.Why,
        room.Record.Why is PlacementReason.MoveRequested or PlacementReason.Drain ? room.Record.LastNode : new(""), room.Record.Target);

    /// <summary>For a room that is being created.</summary>
    public static PlacementRequest For(RoomSettings settings) =>
        new(PeakOf(settings), settings.Region, PlacementReason.Created, new(""), new(""));

    /// <inheritdoc cref="RoomCost.ForPeak"/>
    public static Reservation PeakOf(RoomSettings settings, uint participantsNow = 0, uint publishersNow = 0) =>
        RoomCost.ForPeak(new(settings.ExpectedParticipants, settings.MaxParticipants, settings.MaxPublishers), participantsNow,
            publishersNow);
}
