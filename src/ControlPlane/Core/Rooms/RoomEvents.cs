using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
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
        internal static readonly EventShape Shape = new(EventType.RoomCreated,
            static (ref CanonicalReader r) => new Created(r.ReadRoom(), RoomSettings.Read(ref r)));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomUpdated,
            static (ref CanonicalReader r) =>
                new Updated(r.ReadRoom(), (RoomParts)r.ReadByte(), RoomSettings.Read(ref r), r.ReadString(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.PlacementDecided,
            static (ref CanonicalReader r) => new PlacementDecided(r.ReadRoom(), PlacementDecision.Read(ref r)));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomPlaced,
            static (ref CanonicalReader r) =>
                new Placed(r.ReadRoom(), r.ReadEpoch(), r.ReadNode(), r.ReadUInt64(), Reservation.Read(ref r), r.ReadNode()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomRevoked,
            static (ref CanonicalReader r) =>
                new Revoked(r.ReadRoom(), r.ReadEpoch(), r.ReadNode(), (RevokeReason)r.ReadByte(), r.ReadNode()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomReleased,
            static (ref CanonicalReader r) => new Released(r.ReadRoom(), r.ReadEpoch(), r.ReadNode(), (ReleaseKind)r.ReadByte()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomMoveRequested,
            static (ref CanonicalReader r) => new MoveRequested(r.ReadRoom(), r.ReadEpoch(), r.ReadNode()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomClosing,
            static (ref CanonicalReader r) => new Closing(r.ReadRoom(), r.ReadEpoch(), (CloseReason)r.ReadByte()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.RoomClosed,
            static (ref CanonicalReader r) => new Closed(r.ReadRoom(), (CloseReason)r.ReadByte()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Choice("reason", Reason);
        }
        public override string Words => $"room {Room} was closed ({(Reason == CloseReason.Empty ? "it stayed empty" : "asked for")})";
    }

    public sealed record PlacementFailed(RoomId Room, PlacementDecision Placement) : RoomEvent(Room)
    {
        internal static readonly EventShape Shape = new(EventType.PlacementFailed,
            static (ref CanonicalReader r) => new PlacementFailed(r.ReadRoom(), PlacementDecision.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override uint PolicyVersion => Placement.PolicyVersion;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Placement.Describe(sink);
        }
        public override string Words => $"no node can take room {Room} ({Placement.Reason.Words()}): {Placement.Words}";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class RoomEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        RoomEvent.Created.Shape, RoomEvent.Updated.Shape, RoomEvent.PlacementDecided.Shape, RoomEvent.Placed.Shape,
        RoomEvent.Revoked.Shape, RoomEvent.Released.Shape, RoomEvent.MoveRequested.Shape, RoomEvent.Closing.Shape,
        RoomEvent.Closed.Shape, RoomEvent.PlacementFailed.Shape,
    ];
}
