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
    /// <summary>Media of a room that was given up goes on this long, while its clients move to the new owner.</summary>
    internal const long LingerMs = 8_000;
    /// <summary>A room fills one shard before it takes the next: between shards packets are copied once more.</summary>
    private const int RoomOnOneShard = 100;

    private readonly MediaNodeOptions _options;
    private readonly AuthorityGate _authority;
    private readonly MediaPlane _plane;
    private readonly SessionLoop _loop;
    private readonly ILogger _logger;
    private readonly SessionNumbers _numbers = new();
    private readonly SortedDictionary<RoomId, RoomSession> _rooms = [];
    private readonly List<RoomSession> _lingering = [];
    private readonly Dictionary<int, RoomSession> _byNumber = [];
    private readonly Dictionary<int, ParticipantSession> _byPeer = [];

    internal SessionTable(MediaNodeOptions options, AuthorityGate authority, MediaPlane plane, SessionLoop loop,
        ILogger<SessionTable> logger)
    {
        _options = options;
        _authority = authority;
        _plane = plane;
        _loop = loop;
        _logger = logger;
        authority.SessionsEnded += ended => loop.Post(() => OnEnded(ended));
        foreach (var shard in plane.Shards)
        {
            shard.TransportChanged += (peer, state) => loop.Post(() => OnTransport(peer, state));
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
    internal int Count => _byPeer.Count;

    internal RoomSession? Find(RoomId room) => _rooms.GetValueOrDefault(room);

    /// <summary>A new session for a seat that authority has granted. An older session of the identity is over.</summary>
    internal ParticipantSession Open(OpenSession open, JoinRequest join, Room info, GatewayLink link)
    {
        var room = RoomOf(new RoomId(open.RoomId), new Epoch(open.Epoch), info, open.RoomVersion);
        if (room.Find(new ParticipantIdentity(open.Identity)) is { } older)
            End(older, SessionEndReason.Replaced, DisconnectReason.DuplicateIdentity);
        var session = new ParticipantSession(room, open, join, _plane, _numbers, ChooseShard(room),
            DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        _byPeer.Add(session.Media.PeerNumber, session);
        room.Add(session);
        session.Attach(link, open.Connection, hasClient: open.Carried is null);
        link.Opened(session.Sid, resumed: false);
        if (open.Carried is { } carried)
        {
            room.Await(carried, NowMs);
            // Its client knows the room already, and comes back with an offer of what it sends and receives.
            room.Announce(session);
            LogCarried(session.Identity, room.Id, room.Epoch);
            return session;
        }
        var others = ParticipantChunks.Of(room.OthersOf(session));
        link.Send(new SignalResponse { Join = JoinResponse(session, others[0]) });
        foreach (var more in others.Skip(1)) link.Send(new SignalResponse { Update = new ParticipantUpdate { Participants = { more } } });
        room.Announce(session);
        foreach (var track in join.AddTrackRequests) session.OnAddTrack(track);
        room.OfferAllTo(session); // the first offer has free sections for what is there already
        if (join.PublisherOffer is { Sdp.Length: > 0 } offer) session.OnOffer(offer);
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

    /// <summary>The session is over for good, and its seat is free.</summary>
    internal void Leave(ParticipantSession session, SessionEndReason reason)
    {
        if (_authority.LeaveSeat(session.Room.Id, session.Room.Epoch, session.Identity, session.SeatId) is { } refusal)
            LogSeatElsewhere(session.Identity, session.Room.Id, refusal.Message);
        End(session, reason, reason == SessionEndReason.Left ? DisconnectReason.ClientInitiated : DisconnectReason.ConnectionTimeout);
    }

    /// <summary>The client has a connection that is not the one known here; it is told to begin anew.</summary>
    internal void StartAnew(ParticipantSession session, string why)
    {
        LogRefused(session.Identity, session.Room.Id, why);
        session.Tell(new SignalResponse
        {
            Leave = new LeaveRequest
            {
                Reason = DisconnectReason.StateMismatch,
                Action = LeaveRequest.Types.Action.Reconnect
            }
        });
        Leave(session, SessionEndReason.MediaLost);
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
        foreach (var session in _byPeer.Values.ToArray())
        {
            session.Link?.Forget(now);
            if (session.Room.GivenUpAtMs == 0 && HasGone(session, hasLease, now)) Leave(session, SessionEndReason.MediaLost);
        }
        foreach (var room in _rooms.Values)
        {
            room.TellDue();
            room.TellMissing(hasLease, now);
        }
        foreach (var room in _lingering.ToArray())
            if (now - room.GivenUpAtMs > LingerMs || room.Participants.Count == 0) Dissolve(room);
        foreach (var room in _rooms.Values) room.TellCounts(now);
        foreach (var (id, room) in _rooms.ToArray())
            if (room.Participants.Count == 0) { _rooms.Remove(id); _byNumber.Remove(room.Number); }
        if (_plane.Fault is { } fault) throw new InvariantViolation("a shard's thread never ends by itself", fault);
    }

    private void OnEnded(IReadOnlyList<EndedSession> ended)
    {
        foreach (var end in ended)
        {
            if (_rooms.GetValueOrDefault(end.Room)?.Find(end.Identity) is not { } session || session.SeatId != end.SeatId) continue;
            if (end.Why is SessionEnd.Evicted)
            {
                session.Tell(new SignalResponse
                {
                    Leave = new LeaveRequest
                    {
                        Reason = DisconnectReason.ParticipantRemoved,
                        Action = LeaveRequest.Types.Action.Disconnect
                    }
                });
                End(session, SessionEndReason.Removed, DisconnectReason.ParticipantRemoved);
            }
            else if (end.Why is SessionEnd.Replaced) End(session, SessionEndReason.Replaced, DisconnectReason.DuplicateIdentity);
            else GiveUp(session.Room, linger: end.Why is not SessionEnd.Isolated && _options.Continuity is MediaContinuity.Continue);
        }
    }

    /// <summary>Authority over the room is over. Gateways are told, and ask the control plane where it is now.</summary>
    private void GiveUp(RoomSession room, bool linger)
    {
        if (!_rooms.Remove(room.Id)) return;
        room.GivenUpAtMs = NowMs;
        foreach (var participant in room.Participants)
        {
            participant.Link?.End(SessionEndReason.RoomGivenUp);
            participant.Detach(NowMs);
        }
        LogGivenUp(room.Id, room.Epoch, room.Participants.Count);
        if (linger) _lingering.Add(room);
        else Dissolve(room);
    }

    private void Dissolve(RoomSession room)
    {
        foreach (var participant in room.Participants.ToArray()) End(participant, SessionEndReason.RoomGivenUp, DisconnectReason.Migration);
        _lingering.Remove(room);
        _byNumber.Remove(room.Number);
    }

    private void End(ParticipantSession session, SessionEndReason reason, DisconnectReason told)
    {
        if (reason == SessionEndReason.Replaced)
            session.Tell(new SignalResponse { Leave = new LeaveRequest { Reason = told, Action = LeaveRequest.Types.Action.Disconnect } });
        _endings.Add(session.Sid, reason);
        var link = session.Link;
        session.Detach(NowMs);
        session.Room.Remove(session, told);
        _byPeer.Remove(session.Media.PeerNumber);
        link?.End(reason);
        LogLeft(session.Identity, session.Room.Id, reason);
    }

    private void OnTransport(int peer, TransportState state)
    {
        if (!_byPeer.TryGetValue(peer, out var session)) return;
        session.Media.State = state;
        LogTransport(session.Identity, session.Room.Id, state);
        if (state is TransportState.Closed && session.Room.GivenUpAtMs != 0)
            End(session, SessionEndReason.Left, DisconnectReason.Migration);
        if (state is not TransportState.Connected || session.Info.State == ParticipantInfo.Types.State.Active) return;
        session.Info.State = ParticipantInfo.Types.State.Active;
        session.Changed();
        session.Room.Announce(session);
    }

    /// <summary>
    /// Its path stands and nothing could ever pass over it: the client is told to connect anew, now or when it comes back.
    /// </summary>
    private void OnHandshakeOverdue(int peer)
    {
        if (!_byPeer.TryGetValue(peer, out var session)) return;
        session.Media.IsKeyless = true;
        LogKeyless(session.Identity, session.Room.Id);
        session.Tell(new SignalResponse
        {
            Leave = new LeaveRequest
            {
                Reason = DisconnectReason.StateMismatch,
                Action = LeaveRequest.Types.Action.Reconnect,
                CanReconnect = true
            }
        });
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

    private int ChooseShard(RoomSession room)
    {
        var load = new int[_plane.Shards.Count];
        foreach (var session in _byPeer.Values) load[session.Media.ShardNumber]++;
        var used = room.Participants.GroupBy(participant => participant.Media.ShardNumber).Where(shard => shard.Count() < RoomOnOneShard)
            .Select(shard => shard.Key).ToList();
        return used.Count > 0 ? used.Min() : Array.IndexOf(load, load.Min());
    }

    private ServerInfo ServerInfo() => new() { Version = "1.11.0", Protocol = 17, Region = _options.Region, NodeId = _options.NodeId };

    private JoinResponse JoinResponse(ParticipantSession session, IReadOnlyList<ParticipantInfo> others)
    {
        var join = new JoinResponse
        {
            Room = session.Room.Info,
            Participant = session.Info,
            ServerVersion = ServerInfo().Version,
            ServerInfo = ServerInfo(),
            ServerRegion = _options.Region,
            SubscriberPrimary = false,
            FastPublish = true,
            PingInterval = 5,
            PingTimeout = 15,
        };
        join.OtherParticipants.AddRange(others);
        foreach (var mime in (string[])["video/VP8", "video/H264", "audio/opus"])
            join.EnabledPublishCodecs.Add(new LiveKit.Proto.Codec { Mime = mime });
        return join;
    }

    [LoggerMessage(5301, LogLevel.Information, "{Identity} joined room {Room} (epoch {Epoch})")]
    private partial void LogJoined(ParticipantIdentity identity, RoomId room, Epoch epoch);
    [LoggerMessage(4950, LogLevel.Information, "The seat of {Identity} in room {Room} is not freed from here, its owner frees it: {Why}")]
    private partial void LogSeatElsewhere(ParticipantIdentity identity, RoomId room, string why);
    [LoggerMessage(5302, LogLevel.Information, "{Identity} left room {Room}: {Reason}")]
    private partial void LogLeft(ParticipantIdentity identity, RoomId room, SessionEndReason reason);
    [LoggerMessage(5303, LogLevel.Information, "{Identity} came back to room {Room} through another gateway")]
    private partial void LogResumed(ParticipantIdentity identity, RoomId room);
    [LoggerMessage(5304, LogLevel.Information, "Room {Room} (epoch {Epoch}) given up with {Participants} participants")]
    private partial void LogGivenUp(RoomId room, Epoch epoch, int participants);
    [LoggerMessage(5305, LogLevel.Warning, "{Identity} in room {Room} sent what cannot be served: {Why}")]
    private partial void LogRefused(ParticipantIdentity identity, RoomId room, string why);
    [LoggerMessage(5307, LogLevel.Information, "{Identity} came with room {Room} from its former owner (epoch {Epoch})")]
    private partial void LogCarried(ParticipantIdentity identity, RoomId room, Epoch epoch);
    [LoggerMessage(5308, LogLevel.Information,
        "Room {Room} (epoch {Epoch}): {Participants} participants have not come with it; the others are told that they left")]
    private partial void LogNeverCame(RoomId room, Epoch epoch, int participants);
    [LoggerMessage(5401, LogLevel.Warning, "{Identity} in room {Room} sent a description that is passed over: {Why}")]
    private partial void LogPassedOver(ParticipantIdentity identity, RoomId room, string why);
    [LoggerMessage(5402, LogLevel.Information, "{Identity} in room {Room}: track {Track} is refused: {Why}")]
    private partial void LogTrackRefused(ParticipantIdentity identity, RoomId room, string track, string why);
    [LoggerMessage(5501, LogLevel.Information,
        "{Identity} in room {Room} has a path and makes no keys over it; it is told to connect anew")]
    private partial void LogKeyless(
        ParticipantIdentity identity, RoomId room);
    [LoggerMessage(5306, LogLevel.Debug, "{Identity} in room {Room}: transport {State}")]
    private partial void LogTransport(ParticipantIdentity identity, RoomId room, TransportState state);
}
