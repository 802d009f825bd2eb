using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Outcomes;

/// <summary>The typed answer to a command; what does not apply is left at its default. Stored, and returned again to retries.</summary>
public sealed record CommandOutcome
{
    public static readonly CommandOutcome Empty = new();

    /// <summary>Empty when no room was concerned.</summary>
    public RoomId Room { get; init; } = new("");
    public NodeId Node { get; init; } = new("");
    public Epoch Epoch { get; init; }
    public RoomStatus Status { get; init; }
    public NodeScheduling Scheduling { get; init; }
    /// <summary>The seat; its identity is empty when none was concerned.</summary>
    public SeatOutcome Seat { get; init; } = SeatOutcome.None;
    /// <summary>Log time at which a drain begins to move rooms.</summary>
    public long DeadlineMs { get; init; }
    /// <summary>Rooms on the node, for drains.</summary>
    public uint Rooms { get; init; }
    /// <summary>Presence reports that took effect or were repeats.</summary>
    public uint Accepted { get; init; }
    /// <summary>Presence reports refused for good: stale epoch, unknown room or seat.</summary>
    public uint Refused { get; init; }

    public void Describe(FieldSink sink)
    {
        sink.Room(Room);
        sink.Node(Node);
        sink.Epoch(Epoch);
        sink.Choice("status", Status);
        sink.Choice("scheduling", Scheduling);
        sink.Identity(Seat.Identity);
        sink.Choice("role", Seat.Role);
        sink.Choice("seat_status", Seat.Status);
        sink.Number("seat_id", Seat.SeatId);
        sink.Signed("admitted_at_ms", Seat.AdmittedAtMs);
        sink.Signed("deadline_ms", DeadlineMs);
        sink.Number("rooms", Rooms);
        sink.Number("accepted", Accepted);
        sink.Number("refused", Refused);
    }

    public static CommandOutcome Read(ref CanonicalReader reader) => new()
    {
        Room = new(reader.ReadString()),
        Node = new(reader.ReadString()),
        Epoch = new(reader.ReadUInt64()),
        Status = (RoomStatus)reader.ReadByte(),
        Scheduling = (NodeScheduling)reader.ReadByte(),
        Seat = new(new(reader.ReadString()), (ParticipantRole)reader.ReadByte(), (SeatStatus)reader.ReadByte(), reader.ReadUInt64(),
            reader.ReadInt64()),
        DeadlineMs = reader.ReadInt64(),
        Rooms = reader.ReadUInt32(),
        Accepted = reader.ReadUInt32(),
        Refused = reader.ReadUInt32(),
    };
}
