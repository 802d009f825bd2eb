using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

public abstract record ParticipantEvent(RoomId Room, ParticipantIdentity Identity) : DomainEvent
{
    public override string Stream => "room-" + Room.Value;

    /// <summary>The event_seq of this event is the seat's id: unique, and only grows.</summary>
    public sealed record Admitted(RoomId Room, ParticipantIdentity Identity, ParticipantRole Role) : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantAdmitted,
            static (ref CanonicalReader r) => new Admitted(r.ReadRoom(), r.ReadIdentity(), (ParticipantRole)r.ReadByte()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Choice("role", Role);
        }
        public override string Words => $"{Identity} was given a seat in room {Room} as {Role}";
    }

    public sealed record Joined(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId) : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantJoined,
            static (ref CanonicalReader r) => new Joined(r.ReadRoom(), r.ReadIdentity(), r.ReadEpoch(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeUnderEpoch(sink, Epoch, SeatId);
        public override string Words => $"{Identity} joined room {Room} (epoch {Epoch})";
    }

    public sealed record Left(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId) : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantLeft,
            static (ref CanonicalReader r) => new Left(r.ReadRoom(), r.ReadIdentity(), r.ReadEpoch(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeUnderEpoch(sink, Epoch, SeatId);
        public override string Words => $"{Identity} left room {Room} (epoch {Epoch})";
    }

    public sealed record Removed(RoomId Room, ParticipantIdentity Identity, ulong SeatId, string Reason) : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantRemoved,
            static (ref CanonicalReader r) => new Removed(r.ReadRoom(), r.ReadIdentity(), r.ReadUInt64(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Number("seat_id", SeatId);
            sink.Text("reason", Reason);
        }
        public override string Words => $"{Identity} was removed from room {Room}{(Reason.Length > 0 ? $": {Reason}" : "")}";
    }

    public sealed record RoleChanged(RoomId Room, ParticipantIdentity Identity, ulong SeatId, ParticipantRole Role)
        : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantRoleChanged,
            static (ref CanonicalReader r) =>
                new RoleChanged(r.ReadRoom(), r.ReadIdentity(), r.ReadUInt64(), (ParticipantRole)r.ReadByte()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Number("seat_id", SeatId);
            sink.Choice("role", Role);
        }
        public override string Words => $"{Identity} in room {Room} became {Role}";
    }

    public sealed record SeatExpired(RoomId Room, ParticipantIdentity Identity, ulong SeatId) : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.SeatExpired,
            static (ref CanonicalReader r) => new SeatExpired(r.ReadRoom(), r.ReadIdentity(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Number("seat_id", SeatId);
        }
        public override string Words => $"the seat of {Identity} in room {Room} was freed: nobody took it in time";
    }

    /// <param name="Node">The owner whose cap refused; none for the room's own caps.</param>
    public sealed record AdmissionDenied(
        RoomId Room, ParticipantIdentity Identity, ParticipantRole Role, AdmissionCap Cap, ulong Limit, ulong InUse, ulong Need,
            NodeId Node)
        : ParticipantEvent(Room, Identity)
    {
        internal static readonly EventShape Shape = new(EventType.AdmissionDenied,
            static (ref CanonicalReader r) => new AdmissionDenied(r.ReadRoom(), r.ReadIdentity(), (ParticipantRole)r.ReadByte(),
                (AdmissionCap)r.ReadByte(), r.ReadUInt64(), r.ReadUInt64(), r.ReadUInt64(), r.ReadNode()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Choice("role", Role);
            sink.Choice("cap", Cap);
            sink.Number("limit", Limit);
            sink.Number("in_use", InUse);
            sink.Number("need", Need);
            sink.Node(Node);
        }
        public override string Words => $"{Identity} was denied a seat in room {Room}: {Reason}";

        /// <summary>Names the cap and by how much it would be passed.</summary>
        public string Reason => Cap switch
        {
            AdmissionCap.RoomClosed => $"room {Room} is closed",
            AdmissionCap.RoomParticipants =>
                $"room {Room}: max_participants {Limit} reached, {InUse} in use, {Need} more needed, {Over} too many",
            AdmissionCap.RoomPublishers =>
                $"room {Room}: max_publishers {Limit} reached, {InUse} in use, {Need} more needed, {Over} too many",
            AdmissionCap.NodePublishers =>
                $"node {Node}: capacity.publishers {Limit} reached, {InUse} in use, {Need} more needed, {Over} too many",
            AdmissionCap.NodeSubscribers =>
                $"node {Node}: capacity.subscribers {Limit} reached, {InUse} in use, {Need} more needed, {Over} too many",
            _ => $"node {Node}: capacity.bitrate_kbps {Limit} reached, {InUse} in use, {Need} more needed, {Over} too many",
        };

        private ulong Over => InUse + Need > Limit ? InUse + Need - Limit : 0;
    }

    private void DescribeUnderEpoch(FieldSink sink, Epoch epoch, ulong seatId)
    {
        sink.Room(Room);
        sink.Identity(Identity);
        sink.Epoch(epoch);
        sink.Number("seat_id", seatId);
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class ParticipantEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        ParticipantEvent.Admitted.Shape, ParticipantEvent.Joined.Shape, ParticipantEvent.Left.Shape, ParticipantEvent.Removed.Shape,
        ParticipantEvent.RoleChanged.Shape, ParticipantEvent.SeatExpired.Shape, ParticipantEvent.AdmissionDenied.Shape,
        SessionEvent.Described.Shape, SessionEvent.TrackPublished.Shape, SessionEvent.TrackUnpublished.Shape,
    ];
}
