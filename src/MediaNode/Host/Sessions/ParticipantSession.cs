using LiveKit.Proto;
using VideoScale.MediaNode.Quality;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// One participant in one room of this node: its signalling, its connection, its tracks and what it receives. Lives on the session loop.
/// </summary>
internal sealed partial class ParticipantSession
{
    /// <summary>More than any client publishes.</summary>
    private const int MostTracks = 64;

    private readonly SessionNumbers _numbers;
    private readonly List<PublishedTrack> _tracks = [];

    internal ParticipantSession(RoomSession room, OpenSession open, JoinRequest join, MediaPlane plane, SessionNumbers numbers, int shard,
        SessionStart start)
    {
        _numbers = numbers;
        Room = room;
        Identity = new ParticipantIdentity(open.Identity);
        SeatId = open.SeatId;
        Grants = open.Grants ?? new SessionGrants();
        IsUnattended = open.Unattended;
        _autoSubscribe = join.ConnectionSettings?.AutoSubscribe ?? true;
        Info = InfoOf(open, start, Grants);
        Downlink = Uplink = new PeerTransport(this, plane, numbers.Next(), shard);
        Media = new PeerMedia(this, Uplink);
        if (open.TwoConnections)
        {
            Downlink = new PeerTransport(this, plane, numbers.Next(), shard);
            Offers = new SubscriberOffers(this, Downlink, namesTracksByStream: join.ClientInfo?.Browser is "firefox");
        }
        if (open.Carried is { } carried) Carry(open.ResumeSid, carried);
    }

    private static ParticipantInfo InfoOf(OpenSession open, SessionStart start, SessionGrants grants)
    {
        var info = new ParticipantInfo
        {
            Sid = start.Sid,
            Identity = open.ShownIdentity.Length > 0 ? open.ShownIdentity : open.Identity,
            Name = open.Name,
            Metadata = open.Metadata,
            State = ParticipantInfo.Types.State.Joined,
            JoinedAt = start.AtMs / 1000,
            JoinedAtMs = start.AtMs,
            Version = 1,
            Permission = grants.ToPermission(),
            Kind = (ParticipantInfo.Types.Kind)open.Kind,
        };
        foreach (var (key, value) in open.Attributes) info.Attributes[key] = value;
        return info;
    }

    internal RoomSession Room { get; }
    internal ParticipantIdentity Identity { get; }
    internal ulong SeatId { get; }
    internal SessionGrants Grants { get; private set; }
    internal ParticipantInfo Info { get; private set; }
    internal string Sid => Info.Sid;
    /// <summary>The connection over which its client sends.</summary>
    internal PeerTransport Uplink { get; }
    /// <summary>The one over which it receives; the same, but in LiveKit's older signalling.</summary>
    internal PeerTransport Downlink { get; }
    internal bool HasTransport => Uplink.IsOpen || Downlink.IsOpen;
    /// <summary>A connection has ended, or can never carry anything: its client has to begin anew.</summary>
    internal bool HasLostTransport => Uplink.HasEnded || Downlink.HasEnded || Uplink.IsKeyless || Downlink.IsKeyless;
    internal PeerTransport TransportOf(int peer) => peer == Downlink.PeerNumber ? Downlink : Uplink;
    internal bool HasOtherTransport(int peer) => ((PeerTransport[])[Uplink, Downlink])
        .Any(transport => transport.PeerNumber != peer && transport.IsOpen && !transport.HasEnded);
    internal PeerMedia Media { get; }
    /// <summary>Null where the client offers all there is.</summary>
    internal SubscriberOffers? Offers { get; }
    internal IReadOnlyList<PublishedTrack> Tracks => _tracks;
    /// <summary>Null while no gateway has the client.</summary>
    internal GatewayLink? Link { get; private set; }
    /// <summary>When its gateway went away; the session lives on for a while.</summary>
    internal long DetachedAtMs { get; private set; }
    /// <summary>As last told; null before the first round of statistics.</summary>
    internal ConnectionQuality? Quality { get; set; }
    internal ConnectionQualityInfo? QualityInfo => Quality is { } quality
        ? new ConnectionQualityInfo
        {
            ParticipantSid = Sid,
            Quality = quality,
            Score = quality switch
            {
                ConnectionQuality.Excellent => 4.5f,
                ConnectionQuality.Good => 3.5f,
                ConnectionQuality.Poor => 2,
                _ => 0
            },
        }
        : null;
    /// <summary>What its connection loses, before repair, as of the last round of statistics.</summary>
    internal LossTrend LossUp, LossDown;
    /// <summary>Of what it sends, mean over its layers, in the last round of statistics.</summary>
    internal double JitterMs { get; set; }
    internal bool IsHidden => Grants.Hidden;

    /// <summary>How much it may make the others hear of itself.</summary>
    internal AnnouncementPace Pace { get; } = new();

    /// <summary>Whether its client has been told how the others stand: what is told by its changes alone.</summary>
    internal bool KnowsStanding { get; set; }

    internal void Tell(SignalResponse response) => Link?.Send(response);

    internal void Tell(SessionMessage packed) => Link?.Send(packed);

    private void Answer(RequestResponse answer) => Tell(new SignalResponse { RequestResponse = answer });

    private void TellFailed(PublishedTrack track, SubscriptionError why) =>
        Tell(new SignalResponse { SubscriptionResponse = new SubscriptionResponse { TrackSid = track.Sid, Err = why } });

    internal void Changed() => Info.Version++;

    /// <summary>Everything of this participant on the shards ends.</summary>
    internal void Close()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Stop();
            subscription.Track.Viewers.Remove(this);
            RoomSession.WantedChanged(subscription.Track);
        }
        foreach (var track in _tracks) track.Unpublish();
        _subscriptions.Clear();
        Uplink.Close();
        Downlink.Close();
    }
}
