using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>As on the wire (videoscale.v1.ParticipantRole).</summary>
public enum ParticipantRole : byte
{
    None = 0,
    /// <summary>Sends and receives media.</summary>
    Publisher = 1,
    /// <summary>Receives media only.</summary>
    Subscriber = 2,
}

/// <summary>As on the wire (videoscale.v1.SeatStatus).</summary>
public enum SeatStatus : byte
{
    None = 0,
    /// <summary>Reserved; the owner has not reported the participant under its epoch yet.</summary>
    Admitted = 1,
    /// <summary>The owner reported the participant under the current epoch.</summary>
    Joined = 2,
}

/// <summary>Which cap refused a seat.</summary>
public enum AdmissionCap : byte
{
    None = 0,
    /// <summary>max_participants of the room.</summary>
    RoomParticipants = 1,
    /// <summary>max_publishers of the room.</summary>
    RoomPublishers = 2,
    /// <summary>capacity.publishers of the owner.</summary>
    NodePublishers = 3,
    /// <summary>capacity.subscribers of the owner.</summary>
    NodeSubscribers = 4,
    /// <summary>capacity.bitrate_kbps of the owner.</summary>
    NodeBitrate = 5,
    /// <summary>The room is closed or being closed: no cap, no seats.</summary>
    RoomClosed = 6,
}

/// <param name="Joined">True for joined, false for left.</param>
public readonly record struct PresenceReport(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId, bool Joined);

/// <summary>What a report about a session says.</summary>
public enum SessionReportKind : byte
{
    None = 0,
    /// <summary>Who it is and how it shows itself.</summary>
    Described = 1,
    TrackPublished = 2,
    TrackUnpublished = 3,
}

/// <param name="Sid">As LiveKit's clients know it: of the session, or of its track.</param>
/// <param name="Info">LiveKit's message for it, returned unread; none for a track that ended.</param>
public readonly record struct SessionReport(
    RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId, SessionReportKind Kind, string Sid, ReadOnlyMemory<byte> Info)
{
    public const int MaxSidLength = 64;
    public const int MaxInfoBytes = 16 * 1024;
}
