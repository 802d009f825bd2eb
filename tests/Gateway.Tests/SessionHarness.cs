using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>A session without anything around it: time is a number, and what it wants done is a list.</summary>
internal sealed class SessionHarness
{
    private readonly Session _session;
    private readonly List<SessionEffect> _effects = [];
    private readonly List<SessionEffect> _all = [];

    internal SessionHarness(string resumes = "", string browser = "", int seed = 1, int protocol = 0)
    {
        var grants = new ParticipantGrants("ann", "Ann", "", [], "room", true, false, false, false, true, true, true, [], false, false,
            false);
        var join = new JoinRequest
        {
            Reconnect = resumes.Length > 0,
            ParticipantSid = resumes,
            ClientInfo = new ClientInfo { Browser = browser, Protocol = protocol },
        };
        _session = new Session(grants, new ClientWish(join, HasTwoConnections: protocol > 0), "connection", new Random(seed));
        _session.Start(NowMs, _effects);
        Collect();
    }

    internal long NowMs { get; private set; } = 1_000;
    internal bool MayRead => _session.MayRead;
    internal bool HasEnded => _all.OfType<SessionEffect.End>().Any();
    internal bool IsClosing => _all.OfType<SessionEffect.Close>().Any();

    internal bool HasLine => _all.OfType<SessionEffect.OpenLine>().Any();
    private readonly HashSet<int> _over = []; // attempts that were refused, streams that ended

    /// <summary>What was opened, has not ended by itself, and was not closed.</summary>
    internal IEnumerable<int> LinesHeld => _all.OfType<SessionEffect.OpenLine>().Select(open => open.Line)
        .Except(_all.OfType<SessionEffect.CloseLine>().Select(close => close.Line)).Except(_over);

    /// <summary>It waits for the answer to a look.</summary>
    internal bool IsLooking => Count<SessionEffect.Look>() > _seen;
    private int _seen;

    /// <summary>The attempt or stream that was opened last.</summary>
    internal SessionEffect.OpenLine Line => _all.OfType<SessionEffect.OpenLine>().Last();

    /// <summary>What was sent over it.</summary>
    internal IEnumerable<GatewayMessage> Sent =>
        _all.OfType<SessionEffect.Send>().Where(send => send.Line == Line.Line).Select(send => send.Message);
    internal IEnumerable<string> SentCids => Sent.Where(message => !message.Request.IsEmpty).Select(message => CidOf(message.Request));
    internal IEnumerable<SignalResponse> Told =>
        _all.OfType<SessionEffect.Tell>().Select(tell => SignalResponse.Parser.ParseFrom(tell.Response));
    internal LeaveRequest Left => Told.Single(told => told.Leave is not null).Leave;
    internal int Count<T>() where T : SessionEffect => _all.OfType<T>().Count();
    internal int CompletedLines(int line) => _all.OfType<SessionEffect.CompleteLine>().Count(complete => complete.Line == line);

    /// <summary>Tells it, and returns what it wants done now.</summary>
    internal IReadOnlyList<SessionEffect> Step(SessionInput input)
    {
        if (input is SessionInput.RoomSeen) _seen++;
        if (input is SessionInput.LineEnded ended) _over.Add(ended.Line);
        if (input is SessionInput.LineRefused refused) _over.Add(refused.Line);
        _session.Step(input, NowMs, _effects);
        return Collect();
    }

    /// <summary>Lets time pass, as it asks to be woken.</summary>
    internal void Pass(long ms, bool quiet = false)
    {
        for (var until = NowMs + ms; NowMs < until;)
        {
            NowMs = Math.Min(until, Math.Max(NowMs, _session.WakeAtMs));
            if (NowMs >= _session.WakeAtMs) Step(new SessionInput.TimePassed(quiet));
            if (!HasEnded) Assert.True(_session.WakeAtMs > NowMs, "what it was woken for is done");
            if (HasEnded) NowMs = until;
        }
    }

    /// <summary>Passes until it does something of a kind.</summary>
    internal void PassUntil<T>(long mostMs = 60_000) where T : SessionEffect
    {
        var before = Count<T>();
        for (var passed = 0; Count<T>() == before && passed < mostMs; passed += 10) Pass(10);
        Assert.True(Count<T>() > before, $"{typeof(T).Name} within {mostMs} ms");
    }

    internal static RoomPlace Place(ulong epoch, string node = "", RoomStatus? status = null, SeatPlace? seat = null, ulong removed = 0,
        uint participants = 1) =>
        new(status ?? (node.Length > 0 ? RoomStatus.Active : RoomStatus.Unplaced), epoch, node, participants,
            new V1.Room { RoomId = "room" }, 1, seat)
        { RemovedSeatId = removed };

    internal static SeatPlace KeptSeat => new(7, ParticipantRole.Publisher, HasJoined: false);

    internal void Granted(string node = "one", ulong epoch = 1) =>
        Step(new SessionInput.Granted(new GrantedSeat(new RoomId("room"), "ann", 7, epoch, node, new V1.Room { RoomId = "room" })));

    internal void Opened(bool acknowledges = true) => Step(new SessionInput.LineOpened(Line.Line, "PA_1", acknowledges));
    internal void Refused(StatusCode status) => Step(new SessionInput.LineRefused(Line.Line, status, "because"));
    internal void Ended() => Step(new SessionInput.LineEnded(Line.Line));
    internal void Seen(RoomPlace? place) => Step(new SessionInput.RoomSeen(place));
    internal void NodeSays(SessionMessage message) => Step(new SessionInput.NodeSaid(Line.Line, message));
    internal void NodeSays(SignalResponse response) => NodeSays(new SessionMessage { Response = response.ToByteString() });
    internal void Handled(ulong number) => NodeSays(new SessionMessage { Handled = number });

    internal void Says(string cid) =>
        Says(new SignalRequest { AddTrack = new AddTrackRequest { Cid = cid } });

    internal void Says(SignalRequest request) => Step(new SessionInput.ClientSaid(request.MessageCase, request.ToByteString()));
    internal void ClientCloses(bool isUnanswering = false) => Step(new SessionInput.ClientClosed(isUnanswering));

    /// <summary>Joined, and served by node one under epoch 1.</summary>
    internal static SessionHarness Serving(string browser = "", bool carried = true, int protocol = 0)
    {
        var ann = new SessionHarness(browser: browser, protocol: protocol);
        ann.Granted();
        ann.Opened();
        ann.Seen(Place(1, "one"));
        if (carried)
            ann.NodeSays(
                new SessionMessage { Carried = new CarriedSession { Participant = new ParticipantInfo { Sid = "PA_1" }.ToByteString() } });
        return ann;
    }

    private static string CidOf(ByteString request) =>
        SignalRequest.Parser.ParseFrom(request) is var said && said.AddTrack is { } track ? track.Cid : said.MessageCase.ToString();

    private SessionEffect[] Collect()
    {
        SessionEffect[] now = [.. _effects];
        _all.AddRange(now);
        _effects.Clear();
        return now;
    }
}
