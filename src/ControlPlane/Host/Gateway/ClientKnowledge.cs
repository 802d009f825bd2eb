using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>What a client was told and has asked for, as far as it takes to carry its session to the room's next owner.</summary>
internal sealed class ClientKnowledge
{
    // Fields of SignalResponse, as the first octet of a message: the others pass unread.
    private const byte Join = 1 << 3 | 2, Answer = 2 << 3 | 2, Update = 5 << 3 | 2;

    private readonly Dictionary<string, string> _sections = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private ParticipantInfo? _self;
    private ByteString _permission = ByteString.Empty;
    private SessionStreams _streams = new();

    /// <summary>The session is open.</summary>
    internal void Opened(SessionOpened opened)
    {
        lock (_gate)
            if (!opened.SubscriptionPermission.IsEmpty) _permission = opened.SubscriptionPermission;
    }

    /// <summary>A message for the client.</summary>
    internal void Told(string ownSid, ByteString response)
    {
        if (response.IsEmpty || response[0] is not (Join or Answer or Update)) return;
        var told = SignalResponse.Parser.ParseFrom(response);
        lock (_gate)
        {
            if (told.Join?.Participant is { } joined) _self = joined;
            if (told.Update?.Participants.LastOrDefault(participant => participant.Sid == ownSid) is { } updated) _self = updated;
            if (told.Answer is not { } answer) return;
            _sections.Clear();
            foreach (var (mid, track) in answer.MidToTrackId) _sections[mid] = track;
        }
    }

    /// <summary>Layers that nobody sends are named when they begin.</summary>
    private bool IsKnown(TrackInfo track) => !track.Simulcast || track.Muted || _streams.Streams.Any(stream => stream.TrackSid == track.Sid);

    /// <summary>What the node learned of the client's streams.</summary>
    internal void Learned(SessionStreams streams)
    {
        lock (_gate) _streams = streams;
    }

    /// <summary>A request of the client's.</summary>
    internal void Asked(SignalRequest request)
    {
        if (request.SubscriptionPermission is not { } permission) return;
        lock (_gate) _permission = permission.ToByteString();
    }

    /// <summary>Null while too little is known to go on with: the client begins anew then.</summary>
    internal CarriedSession? Carried()
    {
        lock (_gate)
        {
            if (_self is null || _sections.Count + _self.Tracks.Count == 0) return null;
            var carried = new CarriedSession { Participant = _self.ToByteString(), SubscriptionPermission = _permission };
            foreach (var (mid, track) in _sections) carried.Tracks[mid] = track;
            carried.Streams.AddRange(_streams.Streams);
            return _self.Tracks.All(IsKnown) ? carried : null;
        }
    }
}
