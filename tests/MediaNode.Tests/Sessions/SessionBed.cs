using System.Threading.Channels;
using Google.Protobuf;
using LiveKit.Proto;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Time;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>The sessions of a node on real shards, driven from the test's own thread; no gateway, no browser.</summary>
internal sealed class SessionBed : IAsyncDisposable
{
    private const int FirstPort = 19_140, MostBeds = 7, PortsOfBed = 8;
    private static int _beds;
    private readonly MediaPlane _plane;
    private readonly SessionLoop _loop;

    internal SessionBed(int shards = 1)
    {
        (_plane, var options) = Open(shards);
        _plane.Start();
        _loop = new SessionLoop(e => Broken = e);
        var authority = new AuthorityGate(
            new Authority(new AuthorityOptions(MediaContinuity.Continue, 1_000_000_000, new NodeSeatCaps(100, 100)), 1), new BootClock());
        Table = new SessionTable(options, authority, _plane, _loop, NullLogger<SessionTable>.Instance);
    }

    /// <summary>
    /// Ports of the system's choice would all be one apart; these belong to the tests, which run side by side: one that takes long still
    /// has its own when its turn comes again.
    /// </summary>
    private static (MediaPlane, MediaNodeOptions) Open(int shards)
    {
        for (var tries = 1; ; tries++)
        {
            var options = new MediaNodeOptions
            {
                NodeId = "media-1",
                UdpPort = FirstPort + Interlocked.Increment(ref _beds) % MostBeds * PortsOfBed,
                MediaShards = shards,
            };
            try { return (new MediaPlane(options), options); }
            catch (StartupException) when (tries < MostBeds) { }
        }
    }

    internal SessionTable Table { get; }
    internal Exception? Broken { get; private set; }

    /// <summary>What is done to sessions is done in their loop.</summary>
    internal Task<T> DoAsync<T>(Func<T> work) => _loop.AskAsync(work);

    /// <summary>Looks at a shard in its own thread.</summary>
    internal Task<T> OnShardAsync<T>(int shard, Func<MediaShard, T> look)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _plane.Shards[shard].Post(on => done.SetResult(look(on)));
        return done.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    internal Task<(ParticipantSession Session, GatewayLink Link)> JoinAsync(string identity, string? offer = null, bool subscribe = true,
        ulong epoch = 1, Action<OpenSession>? change = null) =>
        DoAsync(() => Join(identity, offer, subscribe, epoch, change));

    /// <summary>In the loop.</summary>
    internal (ParticipantSession Session, GatewayLink Link) Join(string identity, string? offer, bool subscribe = true, ulong epoch = 1,
        Action<OpenSession>? change = null)
    {
        var open = new OpenSession
        {
            RoomId = "room",
            Epoch = epoch,
            Identity = identity,
            SeatId = 1,
            Name = identity,
            Grants = new SessionGrants { CanPublish = true, CanSubscribe = subscribe },
        };
        change?.Invoke(open);
        var join = open.JoinRequest.IsEmpty ? new JoinRequest { ConnectionSettings = new ConnectionSettings { AutoSubscribe = true } }
            : JoinRequest.Parser.ParseFrom(open.JoinRequest);
        if (offer is not null) join.PublisherOffer = new SessionDescription { Type = "offer", Sdp = offer, Id = 1 };
        var link = new GatewayLink();
        var info = open.Room.IsEmpty ? new LiveKit.Proto.Room { Name = "room", Sid = "RM_1" }
            : LiveKit.Proto.Room.Parser.ParseFrom(open.Room);
        return (Table.Open(open, join, info, link), link);
    }

    internal Task<bool> AskAsync(ParticipantSession session, SignalRequest request) => DoAsync(() =>
    {
        SessionTable.Handle(session, session.Link!, request);
        return true;
    });

    /// <summary>Everything the client was told so far.</summary>
    internal static List<SignalResponse> Told(GatewayLink link)
    {
        var told = new List<SignalResponse>();
        while (link.Messages.TryRead(out var message))
            if (message.KindCase == SessionMessage.KindOneofCase.Response) told.Add(SignalResponse.Parser.ParseFrom(message.Response));
        return told;
    }

    /// <summary>
    /// What its gateway was told last of how to carry the session; null when nothing. Takes what the client was told with it.
    /// </summary>
    internal static CarriedSession? Carried(GatewayLink link)
    {
        CarriedSession? carried = null;
        while (link.Messages.TryRead(out var message)) carried = message.Carried ?? carried;
        return carried;
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _plane.Dispose();
    }
}
