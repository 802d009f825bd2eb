using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using VideoScale.V1;
using Room = LiveKit.Proto.Room;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>All sessions of the node. Everything here runs on the session loop.</summary>
internal sealed partial class SessionTable
{
    /// <summary>
    /// Time for a client whose signalling broke to come back through another gateway; counted only while the control plane is there to come
    /// back to.
    /// </summary>
    internal const long ResumeWindowMs = 30_000;
    /// <summary>The client has closed its connection too: it is gone, or about to join anew.</summary>
    internal const long ClosedWindowMs = 3_000;

    private readonly MediaNodeOptions _options;
    private readonly JoinAnswer _joinAnswer;
    private readonly AuthorityGate _authority;
    private readonly MediaPlane _plane;
    private readonly SessionLoop _loop;
    private readonly ILogger _logger;
    private readonly SessionNumbers _numbers = new();
    private readonly SortedDictionary<RoomId, RoomSession> _rooms = [];
    private readonly List<RoomSession> _lingering = [];
    private readonly Dictionary<int, RoomSession> _byNumber = [];
    private readonly HashSet<ParticipantSession> _sessions = [];
    private readonly Dictionary<int, ParticipantSession> _byPeer = []; // each of their connections

    internal SessionTable(MediaNodeOptions options, AuthorityGate authority, MediaPlane plane, SessionLoop loop,
        ILogger<SessionTable> logger)
    {
        _options = options;
        _joinAnswer = new JoinAnswer(options);
        _authority = authority;
        _plane = plane;
        _loop = loop;
        _logger = logger;
        authority.SessionsEnded += ended => loop.Post(() => OnEnded(ended));
        foreach (var shard in plane.Shards)
        {
            shard.TransportChanged += (peer, state) => loop.Post(() => OnTransport(peer, state));
            FollowData(shard);
            shard.HandshakeOverdue += peer => loop.Post(() => OnHandshakeOverdue(peer));
            shard.EngineRaised += happened =>
            {
                if (happened is EngineEvent.Speakers speakers)
                    loop.Post(() => _byNumber.GetValueOrDefault(speakers.Room)?.OnSpeakers(shard.Index, speakers.Loudest));
            };
        }
    }

    private static long NowMs => Environment.TickCount64;

    internal IReadOnlyCollection<RoomSession> Rooms => _rooms.Values;
    internal int Count => _sessions.Count;

    internal RoomSession? Find(RoomId room) => _rooms.GetValueOrDefault(room);

    /// <summary>A new session for a seat that authority has granted. An older session of the identity is over.</summary>
    internal ParticipantSession Open(OpenSession open, JoinRequest join, Room info, GatewayLink link, SessionStart? start = null)
    {
        var room = RoomOf(new RoomId(open.RoomId), new Epoch(open.Epoch), info, open.RoomVersion);
        if (room.Find(new ParticipantIdentity(open.Identity)) is { } older)
            End(older, SessionEndReason.Replaced, DisconnectReason.DuplicateIdentity);
        var session = new ParticipantSession(room, open, join, _plane, _numbers, ShardChoice.For(room, _sessions, _plane.Shards.Count),
            start ?? SessionStart.Now());
        _sessions.Add(session);
        _byPeer[session.Uplink.PeerNumber] = _byPeer[session.Downlink.PeerNumber] = session;
        room.Add(session);
        session.Attach(link, open.Connection, hasClient: open.Carried is null);
        link.Opened(session.Sid, resumed: false);
        if (open.Carried is { } carried)
        {
            room.Await(carried, NowMs);
            // Its client knows the room already, and comes back with an offer of what it sends and receives.
            room.Announce(session);
            room.AnswerKeptOffers();
            room.AskForSections();
            LogCarried(session.Identity, room.Id, room.Epoch);
            return session;
        }
        var others = ParticipantChunks.Of(room.OthersOf(session));
        link.Send(new SignalResponse { Join = _joinAnswer.Of(session, others[0]) });
        foreach (var more in others.Skip(1)) link.Send(new SignalResponse { Update = new ParticipantUpdate { Participants = { more } } });
        room.Announce(session);
        foreach (var track in join.AddTrackRequests) session.OnAddTrack(track);
        room.OfferAllTo(session); // the first offer has free sections for what is there already
        session.Offers?.Begin();
        if (join.PublisherOffer is { Sdp.Length: > 0 } offer)
        {
            if (open.Watches) session.Choose(offer);
            session.OnOffer(offer);
        }
        room.AskForSections();
        LogJoined(session.Identity, room.Id, room.Epoch);
        return session;
    }

    /// <param name="request">Null when it cannot be read.</param>
    /// <param name="number">Which request of its connection this is; one that came before a stream broke comes again after it. 0 for no
    /// number.</param>
    internal static void Handle(ParticipantSession session, GatewayLink link, SignalRequest? request, ulong number = 0)
    {
        if (session.Room.GivenUpAtMs != 0) return; // not handled: its gateway keeps it for the new owner
        // Otherwise it was taken over by another gateway: what its client said before is over.
        if (session.Link == link && request is not null && session.IsNew(number))
        {
            session.Handle(request);
            session.Room.AskForSections();
        }
        if (number != 0) link.Send(new SessionMessage { Handled = number });
    }

    /// <summary>The client's socket stands and it says nothing any more; or it is heard again.</summary>
    internal static void Quiet(ParticipantSession session, GatewayLink link, bool isQuiet)
    {
        if (session.Link == link) session.IsQuiet = isQuiet;
    }

    /// <summary>A gateway has gone: the session's media goes on, and the client may come back through another.</summary>
    internal static void Detached(ParticipantSession session, GatewayLink link)
    {
        if (session.Link == link) session.Detach(NowMs);
    }

    /// <summary>A description without anything to answer; the call goes on as it is.</summary>
    internal void PassedOver(ParticipantSession session, string why) => LogPassedOver(session.Identity, session.Room.Id, why);

    internal void RefusedTrack(ParticipantSession session, PublishedTrack track, string why) =>
        LogTrackRefused(session.Identity, session.Room.Id, track.Sid, why);

    internal void Later(Action work) => _loop.Post(work);

    /// <summary>To be called twice a second.</summary>
    internal void Tick()
    {
        var now = NowMs;
        var hasLease = _authority.Counts().Rooms > 0 || _rooms.Count == 0;
        foreach (var session in _sessions.ToArray())
        {
            session.Link?.Forget(now);
            if (session.Room.GivenUpAtMs == 0 && HasGone(session, hasLease, now)) Leave(session, SessionEndReason.MediaLost);
        }
        var telling = _authority.Telling;
        foreach (var room in _rooms.Values)
        {
            TellOf(room, telling);
            room.TellDue();
            room.TellMissing(hasLease, now);
            room.AnswerKeptOffers();
        }
        foreach (var room in _lingering.ToArray())
            if (now - room.GivenUpAtMs > LingerMs || room.Participants.Count == 0) Dissolve(room);
        foreach (var room in _rooms.Values) room.TellCounts(now);
        foreach (var (id, room) in _rooms.ToArray())
            if (room.Participants.Count == 0) { _rooms.Remove(id); _byNumber.Remove(room.Number); }
        if (_plane.Fault is { } fault) throw new InvariantViolation("a shard's thread never ends by itself", fault);
    }

    /// <summary>Tells the control plane who is there and what is published, while somebody is told of it.</summary>
    private void TellOf(RoomSession room, int telling)
    {
        foreach (var session in room.Participants)
            session.TellChanges(telling, fact => _authority.Tell(room.Id, room.Epoch, session.Identity, session.SeatId, fact));
    }

    private RoomSession RoomOf(RoomId id, Epoch epoch, Room info, ulong version)
    {
        if (_rooms.TryGetValue(id, out var known))
        {
            if (known.Epoch == epoch)
            {
                known.Describe(info, version);
                return known;
            }
            GiveUp(known, linger: true); // an earlier ownership, or an earlier life of the name
        }
        var room = new RoomSession(this, id, epoch, _numbers.Next(), info, version);
        _rooms.Add(id, room);
        _byNumber.Add(room.Number, room);
        return room;
    }

    [LoggerMessage(5301, LogLevel.Information, "{Identity} joined room {Room} (epoch {Epoch})")]
    private partial void LogJoined(ParticipantIdentity identity, RoomId room, Epoch epoch);
    [LoggerMessage(5303, LogLevel.Information, "{Identity} came back to room {Room} through another gateway")]
    private partial void LogResumed(ParticipantIdentity identity, RoomId room);
    [LoggerMessage(5307, LogLevel.Information, "{Identity} came with room {Room} from its former owner (epoch {Epoch})")]
    private partial void LogCarried(ParticipantIdentity identity, RoomId room, Epoch epoch);
    [LoggerMessage(5308, LogLevel.Information,
        "Room {Room} (epoch {Epoch}): {Participants} participants have not come with it; the others are told that they left")]
    private partial void LogNeverCame(RoomId room, Epoch epoch, int participants);
    [LoggerMessage(5401, LogLevel.Warning, "{Identity} in room {Room} sent a description that is passed over: {Why}")]
    private partial void LogPassedOver(ParticipantIdentity identity, RoomId room, string why);
    [LoggerMessage(5402, LogLevel.Information, "{Identity} in room {Room}: track {Track} is refused: {Why}")]
    private partial void LogTrackRefused(ParticipantIdentity identity, RoomId room, string track, string why);
}
