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
        public override EventType Type => EventType.ParticipantAdmitted;
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
        public override EventType Type => EventType.ParticipantJoined;
        public override void Describe(FieldSink sink) => DescribeUnderEpoch(sink, Epoch, SeatId);
        public override string Words => $"{Identity} joined room {Room} (epoch {Epoch})";
    }

    public sealed record Left(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId) : ParticipantEvent(Room, Identity)
    {
        public override EventType Type => EventType.ParticipantLeft;
        public override void Describe(FieldSink sink) => DescribeUnderEpoch(sink, Epoch, SeatId);
        public override string Words => $"{Identity} left room {Room} (epoch {Epoch})";
    }

    public sealed record Removed(RoomId Room, ParticipantIdentity Identity, ulong SeatId, string Reason) : ParticipantEvent(Room, Identity)
    {
        public override EventType Type => EventType.ParticipantRemoved;
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
        public override EventType Type => EventType.ParticipantRoleChanged;
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
        public override EventType Type => EventType.SeatExpired;
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
        public override EventType Type => EventType.AdmissionDenied;
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
