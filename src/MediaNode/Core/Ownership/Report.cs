using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>Something that happened in a room, under an epoch, for the log.</summary>
public abstract record Report(RoomId Room, Epoch Epoch)
{
    /// <summary>The node grants nothing in the room any more under this epoch.</summary>
    public sealed record Released(RoomId Room, Epoch Epoch) : Report(Room, Epoch);

    public sealed record Joined(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId) : Report(Room, Epoch);

    public sealed record Left(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId) : Report(Room, Epoch);

    /// <summary>What a session is, or publishes, for those who are told of it.</summary>
    public sealed record Session(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId, SessionFact Fact)
        : Report(Room, Epoch);
}

public enum SessionFactKind { Described, TrackPublished, TrackUnpublished }

/// <param name="Sid">As LiveKit's clients know it: of the session, or of its track.</param>
/// <param name="Info">LiveKit's message for it, passed on unread; none for a track that ended.</param>
public sealed record SessionFact(SessionFactKind Kind, string Sid, ReadOnlyMemory<byte> Info)
{
    public const int MaxInfoBytes = 16 * 1024;
}

/// <summary>A report with its number in the current stream; numbers count up by one from 1.</summary>
public readonly record struct NumberedReport(ulong Sequence, Report Report);
