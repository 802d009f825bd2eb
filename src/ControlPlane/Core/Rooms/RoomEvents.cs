using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rooms;

public abstract record RoomEvent(RoomId Room) : DomainEvent
{
    public override string Stream => "room-" + Room.Value;

    public sealed record Created(RoomId Room, RoomSettings Settings) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomCreated;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Settings.Describe(sink);
        }
        public override string Words => $"room {Room} was created{(Settings.Region.Length > 0 ? $" for region {Settings.Region}" : "")}"
            + (Settings.ExpectedParticipants > 0 ? $", {Settings.ExpectedParticipants} participants expected" : "");
    }

    /// <summary>How the room is from now on. Follows <see cref="Created"/> at once where a room has a name of its own.</summary>
    public sealed record Updated(RoomId Room, RoomParts Changed, RoomSettings Settings, string Name, ulong DepartureTimeoutMs)
        : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomUpdated;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Choice("changed", Changed);
            Settings.Describe(sink);
            sink.Text("name", Name);
            sink.Number("departure_timeout_ms", DepartureTimeoutMs);
        }
        public override string Words =>
            $"room {Room} "
            + (Changed.HasFlag(RoomParts.Name) ? $"is called \"{RoomName.Shown(Name)}\"" : $"(\"{RoomName.Shown(Name)}\") was updated")
            + $": max_participants {Settings.MaxParticipants}, empty_timeout {Settings.EmptyTimeoutMs / 1000} s, departure_timeout "
            + $"{DepartureTimeoutMs / 1000} s, {Settings.Metadata.Length} bytes of metadata";
    }

    public sealed record PlacementDecided(RoomId Room, PlacementDecision Placement) : RoomEvent(Room)
    {
        public override EventType Type => EventType.PlacementDecided;
        public override uint PolicyVersion => Placement.PolicyVersion;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Placement.Describe(sink);
        }
        public override string Words => $"placement ({Placement.Reason.Words()}) chose {Placement.Node} for room {Room}: {Placement.Words}";
    }

    /// <param name="Epoch">(recovery generation, event_seq of this very event).</param>
    /// <param name="From">The owner before; none at first.</param>
    public sealed record Placed(RoomId Room, Epoch Epoch, NodeId Node, ulong Incarnation, Reservation Reservation, NodeId From)
        : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomPlaced;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Node(Node);
            sink.Number("incarnation", Incarnation);
            Reservation.Describe(sink);
            sink.Node("from", From);
        }
        public override string Words =>
            $"room {Room} was given to {Node} under epoch {Epoch}{(From.IsNone || From == Node ? "" : $" (before: {From})")}";
    }

    public sealed record Revoked(RoomId Room, Epoch Epoch, NodeId Node, RevokeReason Reason, NodeId Target) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomRevoked;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Node(Node);
            sink.Choice("reason", Reason);
            sink.Node("target", Target);
        }
        public override string Words =>
            $"room {Room} was revoked from {Node} (epoch {Epoch}), reason: {Reason}{(Target.IsNone ? "" : $", to go to {Target}")}";
    }

    public sealed record Released(RoomId Room, Epoch Epoch, NodeId Node, ReleaseKind Kind) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomReleased;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Node(Node);
            sink.Choice("kind", Kind);
        }
        public override string Words => Kind switch
        {
            ReleaseKind.ByOwner => $"{Node} gave room {Room} up (epoch {Epoch})",
            ReleaseKind.LeaseEnded => $"{Node} can no longer hold room {Room} (epoch {Epoch}): its lease from before the revoke ended",
            _ => $"{Node} can no longer hold room {Room} (epoch {Epoch}): the node was lost",
        };
    }

    public sealed record MoveRequested(RoomId Room, Epoch Epoch, NodeId Target) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomMoveRequested;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Node("target", Target);
        }
        public override string Words => $"a move of room {Room} was asked for{(Target.IsNone ? "" : $", to {Target}")}";
    }

    /// <summary>Seats are freed; the owner has yet to release the room.</summary>
    public sealed record Closing(RoomId Room, Epoch Epoch, CloseReason Reason) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomClosing;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Choice("reason", Reason);
        }
        public override string Words =>
            $"room {Room} is being closed ({(Reason == CloseReason.Empty ? "it stayed empty" : "asked for")}); its owner has to give it "
            + $"up first";
    }

    public sealed record Closed(RoomId Room, CloseReason Reason) : RoomEvent(Room)
    {
        public override EventType Type => EventType.RoomClosed;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Choice("reason", Reason);
        }
        public override string Words => $"room {Room} was closed ({(Reason == CloseReason.Empty ? "it stayed empty" : "asked for")})";
    }

    public sealed record PlacementFailed(RoomId Room, PlacementDecision Placement) : RoomEvent(Room)
    {
        public override EventType Type => EventType.PlacementFailed;
        public override uint PolicyVersion => Placement.PolicyVersion;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Placement.Describe(sink);
        }
        public override string Words => $"no node can take room {Room} ({Placement.Reason.Words()}): {Placement.Words}";
    }
}
