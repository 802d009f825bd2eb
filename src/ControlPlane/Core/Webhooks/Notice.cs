using System.Collections.Immutable;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>What receivers of webhooks are told of.</summary>
public enum NoticeKind : byte
{
    None = 0,
    RoomStarted = 1,
    RoomFinished = 2,
    ParticipantJoined = 3,
    ParticipantLeft = 4,
    /// <summary>A seat that nobody took.</summary>
    ParticipantConnectionAborted = 5,
    TrackPublished = 6,
    TrackUnpublished = 7,
}

/// <summary>Why a participant is gone, as far as the log knows.</summary>
public enum Departure : byte { None = 0, Unknown = 1, Removed = 2, RoomClosed = 3, NeverCame = 4, Replaced = 5 }

/// <summary>Something that receivers of webhooks are told, as of its moment.</summary>
/// <param name="Message">The event it comes of, and its place among what comes of that.</param>
/// <param name="AtMs">Log time of the event.</param>
/// <param name="Participant">None for what is about the room alone.</param>
/// <param name="Track">None for what is not about a track.</param>
public sealed record Notice(
    MessageRef Message, long AtMs, NoticeKind Kind, NoticeRoom Room, NoticeParticipant? Participant = null, NoticeTrack? Track = null,
    Departure Departure = Departure.None);

/// <param name="Name">What its users call it.</param>
public sealed record NoticeRoom(
    RoomId Id, string Name, long CreatedAtMs, RoomSettings Settings, ulong DepartureTimeoutMs, uint Participants, uint Publishers);

/// <param name="Sid">Of the session; empty where its node did not tell.</param>
/// <param name="Info">LiveKit's ParticipantInfo; none where its node did not tell.</param>
public sealed record NoticeParticipant(
    ParticipantIdentity Identity, ParticipantRole Role, long JoinedAtMs, string Sid, ReadOnlyMemory<byte> Info,
    ImmutableArray<NoticeTrack> Tracks);

/// <param name="Info">LiveKit's TrackInfo.</param>
public sealed record NoticeTrack(string Sid, ReadOnlyMemory<byte> Info);
