using LiveKit.Proto;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Its client's coming and going, as its gateways see it.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>Taken away by the server; its client may have been away then.</summary>
    private readonly HashSet<string> _takenAway = new(StringComparer.Ordinal);
    private SessionClaims? _toldClaims;
    private bool _hasClient;
    private long _awaySinceMs = long.MinValue;
    private long _heardAtMs;
    private ulong _lastNumber;
    private GatewayLink? _lastLink;

    /// <summary>Answers that a gateway has not had over the stream that broke, and its client still waits for.</summary>
    internal IReadOnlyList<SessionMessage> LostAnswers(OpenSession open) =>
        open is { Reattach: true, HasReceived: true } && open.Connection == Connection && Connection.Length > 0 && _lastLink is { } link
            ? link.After(open.Received)
            : [];

    /// <summary>The client's connection to its gateway; empty of an older gateway.</summary>
    internal string Connection { get; private set; } = "";

    /// <summary>Its client has been here; of a session that was carried it may be on its way still.</summary>
    internal bool HadClient { get; private set; }

    /// <summary>It came back at least once: it knows things of before.</summary>
    internal bool HasBeenAway { get; private set; }

    /// <summary>Its gateway has heard nothing of it for long, though its socket is open.</summary>
    internal bool IsQuiet { get; set; }

    /// <summary>Its connection was up.</summary>
    internal bool HasMedia => _heardAtMs != 0;

    /// <param name="hasClient">False for a gateway that only carries the session here: its client has yet to come.</param>
    internal void Attach(GatewayLink link, string connection, bool hasClient)
    {
        HasBeenAway |= _hasClient || DetachedAtMs != 0;
        if (connection.Length == 0 || connection != Connection) (_lastNumber, _keptOffer) = (0, null);
        Connection = connection;
        Link = _lastLink = link;
        _hasClient = hasClient;
        HadClient |= hasClient;
        IsQuiet = false;
        KnowsStanding = false;
        _toldCarried = null;
        _toldClaims = null;
    }

    internal void Detach(long nowMs)
    {
        if (_hasClient) _awaySinceMs = nowMs;
        _hasClient = false;
        Link = null;
        DetachedAtMs = nowMs;
    }

    /// <summary>Since when its client has not been told what happened; the beginning of the session for one that has yet to come.</summary>
    internal long AwaySinceMs(long nowMs) => _hasClient ? nowMs : _awaySinceMs;

    /// <summary>False for a request that was handled before the stream to its gateway broke.</summary>
    internal bool IsNew(ulong number)
    {
        if (number == 0) return true;
        if (number <= _lastNumber) return false;
        _lastNumber = number;
        return true;
    }

    /// <summary>A round of statistics.</summary>
    /// <param name="silentUs">Since something was last heard of its connection; 0 before the first, and at this very moment.</param>
    internal void Heard(long silentUs, long nowMs)
    {
        if (silentUs > 0 || ((PeerTransport[])[Uplink, Downlink]).Any(transport => transport.State is TransportState.Connected))
            _heardAtMs = nowMs - silentUs / 1000;
    }

    /// <summary>Nothing has come over its connection for so long, not even a check; or there is none.</summary>
    internal bool IsSilent(long forMs, long nowMs) => nowMs - _heardAtMs >= forMs;

    /// <summary>Tells the gateway what the client's next token says, when that has changed.</summary>
    internal void TellClaims()
    {
        if (Link is null || !_hasClient) return;
        var claims = new SessionClaims { Grants = Grants, Name = Info.Name, Metadata = Info.Metadata };
        claims.Attributes.Add(Info.Attributes);
        if (claims.Equals(_toldClaims)) return;
        _toldClaims = claims;
        Link.Send(new SessionMessage { Claims = claims });
    }

    /// <summary>A client that has come back is told again what was said to it alone and is not seen from how everyone looks now.</summary>
    internal void TellMissed()
    {
        foreach (var sid in _takenAway) Tell(new SignalResponse { TrackUnpublished = new TrackUnpublishedResponse { TrackSid = sid } });
        foreach (var track in _tracks)
        {
            if (track is { IsPublished: false, IsCarried: false } && track.Request.Cid.Length > 0)
                Tell(new SignalResponse { TrackPublished = new TrackPublishedResponse { Cid = track.Request.Cid, Track = track.Info } });
            if (track.IsMutedByServer) Tell(new SignalResponse { Mute = new MuteTrackRequest { Sid = track.Sid, Muted = true } });
            RoomSession.WantedChanged(track, again: true);
        }
        foreach (var other in Room.Participants)
        {
            if (other == this || other._rights is null || other.IsHidden) continue;
            foreach (var track in other.Tracks)
                if (track.IsPublished)
                    Tell(new SignalResponse
                    {
                        SubscriptionPermissionUpdate = new SubscriptionPermissionUpdate
                        {
                            ParticipantSid = other.Sid,
                            TrackSid = track.Sid,
                            Allowed = other.Allows(this, track)
                        }
                    });
        }
        if (_subscriptions.Exists(subscription => subscription.Mid.Length == 0)) Room.MissesSections(this);
    }
}
