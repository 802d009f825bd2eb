using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Life of a room: created, placed, handed over in two commits, closed. See docs/ownership.md.</summary>
public static partial class RoomDecider
{
    public static Decision Decide(ClusterState state, RoomCommand command, in EntryContext entry)
    {
        if (NameRule.Check("room_id", command.Room.Value) is { } wrong) return wrong;
        if (command is RoomCommand.Create create) return Create(state, create, entry);
        if (command is RoomCommand.Open open) return Open(state, open, entry);
        if (state.FindRoom(command.Room) is not { } room) return Failure.NotFound($"room {command.Room}");
        return command switch
        {
            RoomCommand.Assign c => Assign(state, room, c, entry),
            RoomCommand.Revoke c => Revoke(state, room, c, entry),
            RoomCommand.Release c => Release(room, c, entry),
            RoomCommand.ExpireOwnership c => Expire(room, c, entry),
            RoomCommand.Close c => Close(room, c, entry),
            RoomCommand.CloseEmpty => CloseEmpty(room, entry),
            RoomCommand.Move c => Move(state, room, c, entry),
            RoomCommand.Update c => Update(room, c, entry),
            RoomCommand.RecordPlacementFailure c => RecordFailure(room, c, entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    /// <summary>The room as an answer shows it.</summary>
    /// <param name="seat">Null when none was concerned.</param>
    public static CommandOutcome Show(RoomRecord room, SeatOutcome? seat = null) => new()
    {
        Room = room.Id,
        Node = room.ActiveNode,
        Epoch = room.LastEpoch,
        Status = room.Status,
        Seat = seat ?? SeatOutcome.None,
    };

    public static Failure? Check(RoomSettings settings) =>
        Rules.InRange("expected_participants", settings.ExpectedParticipants, 0, RoomSettings.MaxSeats)
        ?? Rules.OptionalName("region", settings.Region)
        ?? Rules.InRange("max_participants", settings.MaxParticipants, 0, RoomSettings.MaxSeats)
        ?? Rules.InRange("max_publishers", settings.MaxPublishers, 0, RoomSettings.MaxSeats)
        ?? Rules.InRange("empty_timeout_ms", settings.EmptyTimeoutMs, 0, RoomSettings.MaxEmptyTimeoutMs)
        ?? Rules.MaxBytes("metadata", settings.Metadata.Length, RoomSettings.MaxMetadataBytes);

    private static Decision Create(ClusterState state, RoomCommand.Create create, in EntryContext entry)
    {
        if (Check(create.Settings) is { } wrong) return wrong;
        if (state.FindRoom(create.Room)?.Record is { IsOpen: true }) return Failure.AlreadyExists($"room {create.Room}");
        return Begin(state, create.Room, create.Settings, null, create.Placement, create.PlacementTerm, entry);
    }

    /// <summary>A new life of the name.</summary>
    private static Decision Begin(
        ClusterState state, RoomId room, RoomSettings settings, RoomDetails? details, PlacementDecision? placement, ulong placementTerm,
            in EntryContext entry)
    {
        var before = state.FindRoom(room)?.Record;
        var events = new DecidedEvents(entry);
        var outcome = new CommandOutcome { Room = room, Epoch = before?.LastEpoch ?? Epoch.None, Status = RoomStatus.Unplaced };
        var created = events.Add(new RoomEvent.Created(room, settings));
        if (details is not null)
            created = events.Add(new RoomEvent.Updated(room, RoomParts.Name, settings, details.Name, details.DepartureTimeoutMs), created);
        // placed once the earlier life is released
        if (before?.Owner is not null) return Decision.Of(events, outcome with { Status = RoomStatus.Revoking });
        // Decided in another term: the room is created all the same, and this term's leader places it.
        if (placement is null || placementTerm != entry.Term) return Decision.Of(events, outcome);
        if (!placement.Found || CheckPlacement(state, settings, placement, Reservation.Nothing) is not null)
        {
            events.Add(new RoomEvent.PlacementFailed(room, placement with { Node = new("") }), created);
            return Decision.Of(events, outcome);
        }
        var epoch = AddPlacement(state, events, room, placement, created, before?.LastNode ?? new(""));
        return Decision.Of(events, outcome with { Node = placement.Node, Epoch = epoch, Status = RoomStatus.Active });
    }

    private static Decision Assign(ClusterState state, RoomState room, RoomCommand.Assign assign, in EntryContext entry)
    {
        var record = room.Record;
        var placement = assign.Placement;
        if (!record.IsOpen) return Failure.Precondition($"room {record.Id} is {record.Status}");
        if (record.LastEpoch != assign.ExpectedEpoch) return StaleEpoch(record, assign.ExpectedEpoch);
        if (record.Owner is { } owner)
            return Failure.Precondition(
                $"room {record.Id} is still held by {owner.Node} under epoch {owner.Epoch}: it is given away only after its release");
        if (!placement.Found) return Failure.InvalidArgument($"placement.node_id: \"\" breaks the rule: {NameRule.Text}");
        if (CheckPlacement(state, record.Settings, placement, room.Actual) is { } refused) return refused;
        var events = new DecidedEvents(entry);
        var epoch = AddPlacement(state, events, record.Id, placement, record.Cause, record.LastNode);
        if (record.Why == PlacementReason.Drain && !record.LastNode.IsNone
            && state.FindNode(record.LastNode)?.Record.Scheduling == NodeScheduling.Draining)
            events.Add(new DrainEvent.RoomMoved(record.LastNode, record.Id, placement.Node, epoch), entry.RefOf(events.Count - 1));
        return Decision.Of(events, Show(record) with { Node = placement.Node, Epoch = epoch, Status = RoomStatus.Active });
    }

    /// <summary>PlacementDecided, caused by what made it necessary, then RoomPlaced, caused by the decision.</summary>
    private static Epoch AddPlacement(ClusterState state, DecidedEvents events, RoomId room, PlacementDecision placement, EventRef cause,
        NodeId from)
    {
        var decided = events.Add(new RoomEvent.PlacementDecided(room, placement), cause);
        var epoch = Epoch.Of(state.Cluster.Generation, events.NextSeq);
        events.Add(new RoomEvent.Placed(room, epoch, placement.Node, placement.Incarnation, placement.Need, from), decided);
        return epoch;
    }

    /// <summary>
    /// What must hold whatever the leader's view said: the process still runs, takes rooms, is in the region and has room within its hard
    /// caps.
    /// </summary>
    private static Failure? CheckPlacement(ClusterState state, RoomSettings settings, PlacementDecision placement, Reservation actual)
    {
        if (state.FindNode(placement.Node) is not { } node) return Failure.NotFound($"node {placement.Node}");
        var record = node.Record;
        if (record.Incarnation != placement.Incarnation)
            return Failure.Precondition($"node {record.Id} is incarnation {record.Incarnation} now, not {placement.Incarnation}");
        if (!record.TakesRooms) return Failure.Precondition($"node {record.Id} takes no rooms: it is {record.Health}, {record.Scheduling}");
        if (settings.Region.Length > 0 && settings.Region != record.Description.Region)
            return Failure.Precondition($"node {record.Id} is in region \"{record.Description.Region}\", not \"{settings.Region}\"");
        return NodeCaps.Check(node, Reservation.Max(placement.Need, actual), Reservation.Nothing) is { } over
            ? Failure.Exhausted(over.Words(node.Record.Id)) : null;
    }

    private static Decision RecordFailure(RoomState room, RoomCommand.RecordPlacementFailure failure, in EntryContext entry)
    {
        var record = room.Record;
        if (record.LastEpoch != failure.ExpectedEpoch) return StaleEpoch(record, failure.ExpectedEpoch);
        if (record.Status != RoomStatus.Unplaced) return Failure.Precondition($"room {record.Id} is {record.Status}");
        if (record.PlacementFailedRecorded) return Decision.Nothing(Show(record));
        var events = new DecidedEvents(entry);
        events.Add(new RoomEvent.PlacementFailed(record.Id, failure.Placement), record.Cause);
        return Decision.Of(events, Show(record));
    }

    private static Failure StaleEpoch(RoomRecord room, Epoch said) =>
        Failure.Precondition($"stale epoch {said} of room {room.Id}: the current one is {room.LastEpoch} ({room.LastEpoch.Value})");
}
