using System.Globalization;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Gateway.Webhooks;
using VideoScale.Model;
using ParticipantRole = VideoScale.ControlPlane.Participants.ParticipantRole;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>Notices as LiveKit's receivers read them. The same notice makes the same bytes at each replica.</summary>
internal static class NoticeMapping
{
    internal static string IdOf(EventId happened, uint part) =>
        part == 0 ? $"EV_{happened}" : string.Create(CultureInfo.InvariantCulture, $"EV_{happened}_{part}");

    internal static string WordOf(NoticeKind kind) => kind switch
    {
        NoticeKind.RoomStarted => "room_started",
        NoticeKind.RoomFinished => "room_finished",
        NoticeKind.ParticipantJoined => "participant_joined",
        NoticeKind.ParticipantLeft => "participant_left",
        NoticeKind.ParticipantConnectionAborted => "participant_connection_aborted",
        NoticeKind.TrackPublished => "track_published",
        NoticeKind.TrackUnpublished => "track_unpublished",
        _ => throw new InvariantViolation($"{kind} is no kind of notice"),
    };

    internal static Delivery<Outgoing> ToDelivery(this Notice notice, EventId happened) =>
        new(notice.Message, notice.Room.Id, WordOf(notice.Kind), notice.AtMs, new(happened, notice));

    internal static WebhookMessage ToMessage(this Outgoing outgoing)
    {
        var notice = outgoing.Notice;
        return new(IdOf(outgoing.Event, notice.Message.Part), WordOf(notice.Kind), notice.AtMs / 1000, ToWire(notice.Room),
            notice.Participant is { } participant ? ToLiveKit(participant, notice) : null,
            notice.Track is { } track ? ToLiveKit(track) : null);
    }

    private static V1.Room ToWire(NoticeRoom room) => new()
    {
        RoomId = room.Id.Value,
        Name = room.Name,
        MaxParticipants = room.Settings.MaxParticipants,
        EmptyTimeoutSeconds = (uint)(room.Settings.EmptyTimeoutMs / 1000),
        DepartureTimeoutSeconds = (uint)(room.DepartureTimeoutMs / 1000),
        Metadata = UnsafeByteOperations.UnsafeWrap(room.Settings.Metadata), // nobody changes what an event brought
        CreatedAtMs = room.CreatedAtMs,
        Participants = room.Participants,
        Publishers = room.Publishers,
    };

    private static ParticipantInfo ToLiveKit(NoticeParticipant participant, Notice notice)
    {
        var info = ReadOr(ParticipantInfo.Parser, participant.Info);
        if (info.Identity.Length == 0) info.Identity = participant.Identity.Value;
        if (participant.Sid.Length > 0) info.Sid = participant.Sid;
        if (info.JoinedAt == 0 && participant.JoinedAtMs >= 0)
            (info.JoinedAt, info.JoinedAtMs) = (participant.JoinedAtMs / 1000, participant.JoinedAtMs);
        info.Permission ??= new ParticipantPermission
        {
            CanSubscribe = true,
            CanPublish = participant.Role == ParticipantRole.Publisher,
            CanPublishData = participant.Role == ParticipantRole.Publisher,
        };
        info.Tracks.Clear();
        info.Tracks.AddRange(participant.Tracks.Select(ToLiveKit));
        info.IsPublisher = participant.Tracks.Length > 0;
        info.State = notice.Kind switch
        {
            NoticeKind.ParticipantLeft or NoticeKind.ParticipantConnectionAborted => ParticipantInfo.Types.State.Disconnected,
            _ => ParticipantInfo.Types.State.Active,
        };
        info.DisconnectReason = notice.Departure switch
        {
            Departure.Removed => DisconnectReason.ParticipantRemoved,
            Departure.RoomClosed => DisconnectReason.RoomClosed,
            Departure.NeverCame => DisconnectReason.ConnectionTimeout,
            Departure.Replaced => DisconnectReason.DuplicateIdentity,
            _ => DisconnectReason.UnknownReason,
        };
        return info;
    }

    private static TrackInfo ToLiveKit(NoticeTrack track)
    {
        var info = ReadOr(TrackInfo.Parser, track.Info);
        info.Sid = track.Sid;
        return info;
    }

    /// <summary>What a node told is not ours: what cannot be read is as if it had told nothing.</summary>
    private static T ReadOr<T>(MessageParser<T> parser, ReadOnlyMemory<byte> info) where T : IMessage<T>, new()
    {
        try { return parser.ParseFrom(info.Span); }
        catch (InvalidProtocolBufferException) { return new T(); }
    }
}
