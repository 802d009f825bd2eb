using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Harness;
using VideoScale.Harness.Rpc;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Time;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

public sealed class MediaSessionApiTests
{
    private static MediaNodeOptions Options() => new() { NodeId = "media-1", UdpPort = 19_132, MediaShards = 1 };

    private static AuthorityGate NewAuthority() =>
        new(new Authority(new AuthorityOptions(MediaContinuity.Continue, 1_000_000_000, new NodeSeatCaps(100, 100)), 1), new BootClock());

    /// <summary>
    /// A stream that is still written to and no longer read looks well to its gateway, and its client is never heard again.
    /// </summary>
    [Fact]
    public async Task A_stream_that_cannot_be_heard_any_more_ends_so_that_its_gateway_comes_anew()
    {
        var options = Options();
        var authority = NewAuthority();
        await using var host = new SessionHost(options, authority, new MediaPlane(options), NullLoggerFactory.Instance, fatal: () => { });
        host.Plane.Start();
        var open = new OpenSession
        {
            RoomId = "room",
            Epoch = 1,
            Identity = "ann",
            SeatId = 1,
            Grants = new SessionGrants { CanPublish = true },
            Room = new LiveKit.Proto.Room { Name = "room" }.ToByteString(),
        };
        var session = await host.Loop.AskAsync(() =>
            host.Table.Open(open, new JoinRequest(), new LiveKit.Proto.Room { Name = "room" }, new GatewayLink()));
        open.ResumeSid = session.Sid;
        var requests = new Requests(new GatewayMessage { Open = open },
            new GatewayMessage
            {
                Number = 1,
                Request = new SignalRequest { AddTrack = new AddTrackRequest { Cid = "mic", Type = TrackType.Audio } }.ToByteString(),
            });
        var responses = new StubWriter<SessionMessage>();
        var ended = new MediaSessionApi(options, authority, host).Signal(requests, responses, new StubCall());
        var failure = await Assert.ThrowsAsync<RpcException>(() => ended.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Contains(responses.Written, message => message.Handled == 1); // all that was said before
        Assert.Null(await host.Loop.AskAsync(() => session.Link));
    }

    /// <summary>What a backend changes is done in the session, as if its client had said it.</summary>
    [LiveKitSurface("Server API", "UpdateSubscriptions", Surface.Served)]
    [Fact]
    public async Task A_backend_changes_what_a_participant_receives()
    {
        var options = Options();
        var authority = NewAuthority();
        await using var host = new SessionHost(options, authority, new MediaPlane(options), NullLoggerFactory.Instance, fatal: () => { });
        host.Plane.Start();
        var api = new MediaSessionApi(options, authority, host);
        var bob = new OpenSession
        {
            RoomId = "room",
            Epoch = 1,
            Identity = "bob",
            SeatId = 2,
            Grants = new SessionGrants { CanPublish = true },
        };
        var publisher = await host.Loop.AskAsync(() =>
        {
            var session = host.Table.Open(bob, new JoinRequest(), new LiveKit.Proto.Room { Name = "room" }, new GatewayLink());
            session.OnAddTrack(new AddTrackRequest { Cid = "mic", Type = TrackType.Audio });
            session.OnOffer(new SessionDescription { Type = "offer", Sdp = Sdp.Offers.Of("bbbb", Sdp.Offers.Audio("sendonly")) });
            return session;
        });
        var cat = new OpenSession
        {
            RoomId = "room",
            Epoch = 1,
            Identity = "cat",
            SeatId = 3,
            Grants = new SessionGrants { CanSubscribe = true },
        };
        var viewer = await host.Loop.AskAsync(() => host.Table.Open(cat, new JoinRequest
        {
            ConnectionSettings =
            new ConnectionSettings { AutoSubscribe = true }
        }, new LiveKit.Proto.Room { Name = "room" }, new GatewayLink()));
        var count = viewer.Subscriptions.Count;
        foreach (var subscribe in (bool[])[false, true, false])
        {
            var wanted = new UpdateSubscription { TrackSids = { publisher.Tracks[0].Sid }, Subscribe = subscribe };
            await api.ChangeRoom(new ChangeRoomRequest { RoomId = "room", Identity = "cat", Subscription = wanted.ToByteString() },
                new StubCall());
            Assert.Equal(subscribe ? 1 : 0, await host.Loop.AskAsync(() => viewer.Subscriptions.Count));
        }
        Assert.Equal(1, count);
    }

    /// <summary>What is said, and then a message that the transport refuses.</summary>
    private sealed class Requests(params GatewayMessage[] messages) : IAsyncStreamReader<GatewayMessage>
    {
        private int _at = -1;

        public GatewayMessage Current => messages[_at];

        public Task<bool> MoveNext(CancellationToken cancellationToken) =>
            ++_at < messages.Length ? Task.FromResult(true)
                : throw new RpcException(new Status(StatusCode.ResourceExhausted, "the message is too large"));
    }
}
