using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>
/// What the owner of a room tells of a session beside its presence. Remembered by the log alone, for those who are told of it: the same
/// may be told twice, of a node that attaches anew or takes a session over.
/// </summary>
/// <param name="Sid">As LiveKit's clients know it: of the session, or of its track.</param>
public abstract record SessionEvent(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId, string Sid)
    : ParticipantEvent(Room, Identity)
{
    /// <param name="Info">LiveKit's ParticipantInfo, without tracks.</param>
    public sealed record Described(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId, string Sid,
        ReadOnlyMemory<byte> Info) : SessionEvent(Room, Identity, Epoch, SeatId, Sid)
    {
        internal static readonly EventShape Shape = new(EventType.ParticipantDescribed, static (ref CanonicalReader r) =>
            new Described(r.ReadRoom(), r.ReadIdentity(), r.ReadEpoch(), r.ReadUInt64(), r.ReadString(), r.ReadBytes().ToArray()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            DescribeSession(sink);
            sink.Bytes("info", Info.Span);
        }
        public override string Words => $"{Identity} is session {Sid} in room {Room}";
    }

    /// <param name="Info">LiveKit's TrackInfo.</param>
    public sealed record TrackPublished(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId, string Sid,
        ReadOnlyMemory<byte> Info) : SessionEvent(Room, Identity, Epoch, SeatId, Sid)
    {
        internal static readonly EventShape Shape = new(EventType.TrackPublished, static (ref CanonicalReader r) =>
            new TrackPublished(r.ReadRoom(), r.ReadIdentity(), r.ReadEpoch(), r.ReadUInt64(), r.ReadString(), r.ReadBytes().ToArray()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            DescribeSession(sink);
            sink.Bytes("info", Info.Span);
        }
        public override string Words => $"{Identity} publishes track {Sid} in room {Room}";
    }

    public sealed record TrackUnpublished(RoomId Room, ParticipantIdentity Identity, Epoch Epoch, ulong SeatId, string Sid)
        : SessionEvent(Room, Identity, Epoch, SeatId, Sid)
    {
        internal static readonly EventShape Shape = new(EventType.TrackUnpublished, static (ref CanonicalReader r) =>
            new TrackUnpublished(r.ReadRoom(), r.ReadIdentity(), r.ReadEpoch(), r.ReadUInt64(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeSession(sink);
        public override string Words => $"{Identity} no longer publishes track {Sid} in room {Room}";
    }

    private void DescribeSession(FieldSink sink)
    {
        sink.Room(Room);
        sink.Identity(Identity);
        sink.Epoch(Epoch);
        sink.Number("seat_id", SeatId);
        sink.Text("sid", Sid);
    }
}
