using System.Collections.Concurrent;
using System.Net;
using System.Text;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Forwarding;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Udp;

/// <summary>The whole path over real sockets: ICE, DTLS, SRTP, engine, batches, and from shard to shard.</summary>
public sealed partial class ShardTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly DtlsIdentity _identity = new(TimeProvider.System);
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        foreach (var one in _open) one.Dispose();
        _identity.Dispose();
    }

    private MediaShard Shard(int index, bool managed)
    {
        var shard = new MediaShard(new ShardOptions(index, new IPEndPoint(IPAddress.Loopback, 0)) { ManagedSocket = managed }, _identity);
        _open.Add(shard);
        return shard;
    }

    private static readonly SubscriptionOptions Options = new(20, 2, Camera.Track, 7000, 102) { RtxSsrc = 7001, RtxPayloadType = 103 };

    /// <summary>A publisher and a subscriber on one shard, neither of them connected.</summary>
    private (MediaShard Shard, Client Publisher, Client Subscriber) Pair()
    {
        var shard = Shard(0, managed: false);
        shard.Start();
        var publisher = new Client(1, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames);
        var subscriber = new Client(2, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames);
        _open.AddRange([publisher, subscriber]);
        Assert.Null(On(shard, on => on.AddPeer(publisher.Transport, new PeerOptions(1, Camera.Ids))));
        Assert.Null(On(shard, on => on.AddPeer(subscriber.Transport, new PeerOptions(2, Camera.Ids))));
        return (shard, publisher, subscriber);
    }

    private static Camera Call(MediaShard shard)
    {
        var camera = new Camera(new Random(1), layers: 1);
        Assert.Null(On(shard, on => on.Engine.Publish(camera.Options(1))));
        Assert.Null(On(shard, on => on.Engine.Subscribe(Options, on.NowUs)));
        return camera;
    }

    private static T On<T>(MediaShard shard, Func<MediaShard, T> query)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        shard.Post(on =>
        {
            try { result.SetResult(query(on)); }
            catch (Exception e) { result.SetException(e); }
        });
        return result.Task.WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
    }

    [Theory]
    [InlineData(1, false, SrtpProfiles.OpenSslNames)]
    [InlineData(2, false, SrtpProfiles.OpenSslNames)]
    [InlineData(1, true, "SRTP_AES128_CM_SHA1_80")]
    public void Video_reaches_a_subscriber_through_real_sockets(int shards, bool managed, string profiles)
    {
        var all = Enumerable.Range(0, shards).Select(i => Shard(i, managed)).ToList();
        MediaShard.Connect(all);
        foreach (var shard in all) shard.Start();
        MediaShard home = all[0], away = all[^1];
        using var publisher = new Client(1, home, _identity.Fingerprint, profiles);
        using var subscriber = new Client(2, away, _identity.Fingerprint, profiles);
        var camera = new Camera(new Random(1), layers: 1);
        var options = new SubscriptionOptions(20, 2, Camera.Track, 7000, 102) { RtxSsrc = 7001, RtxPayloadType = 103 };
        Assert.Null(On(home, on => on.AddPeer(publisher.Transport, new PeerOptions(1, Camera.Ids))));
        Assert.Null(On(away, on => on.AddPeer(subscriber.Transport, new PeerOptions(2, Camera.Ids))));
        publisher.Connect();
        subscriber.Connect();
        Assert.Null(On(home, on => on.Engine.Publish(camera.Options(1))));
        if (home != away)
        {
            Assert.Null(On(away, on => on.Mirror(camera.Options(1), owner: 0)));
            Assert.Null(On(home, on => on.SetMirrored(Camera.Track, 1, true)));
        }
        Assert.Null(On(away, on => on.Engine.Subscribe(options, on.NowUs)));

        var viewer = new Viewer(options);
        for (var frame = 0; frame < 60; frame++)
        {
            foreach (var packet in camera.NextFrame()) publisher.Send(packet);
            foreach (var rtcp in publisher.Receive().Rtcp) camera.Answer(rtcp);
            foreach (var packet in subscriber.Receive().Rtp) viewer.Receive(packet);
            Thread.Sleep(5);
        }
        var until = DateTime.UtcNow + Patience;
        while (viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count() < 60 && DateTime.UtcNow < until)
            foreach (var packet in subscriber.Receive(waitMs: 50).Rtp) viewer.Receive(packet);
        viewer.RequireContinuity(withoutLoss: true);
        Assert.Equal(60, viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count());
        Assert.True(publisher.HeardTransportFeedback, "the publisher hears of its packets");
        Assert.All(all, shard => Assert.Null(shard.Fault));
    }

    [Fact]
    public void Media_that_the_kernel_did_not_take_is_taken_back_from_what_was_counted_and_nothing_goes_to_who_is_not_connected()
    {
        var (shard, publisher, subscriber) = Pair();
        var camera = Call(shard);
        publisher.Connect();
        var packets = camera.NextFrame().ToList();
        foreach (var packet in packets) publisher.Send(packet);
        var until = DateTime.UtcNow + Patience;
        while (On(shard, on => on.Engine.PacketsReceived) < packets.Count && DateTime.UtcNow < until) Thread.Sleep(10);
        var away = On(shard, on => on.Engine.FindSubscription(20)!.Statistics());
        Assert.Equal((0, packets.Count, -1), (away.Packets, away.NotSent, away.Layer));

        subscriber.Connect();
        var asked = false; // for the key frame that it could not have had before
        while (!asked && DateTime.UtcNow < until)
            foreach (var rtcp in publisher.Receive(waitMs: 20).Rtcp) asked |= rtcp[1] == 206;
        Assert.True(asked);
        camera.WantKey(0);
        foreach (var packet in camera.NextFrame()) publisher.Send(packet);
        while (subscriber.Receive(waitMs: 50).Rtp.Count == 0) Assert.True(DateTime.UtcNow < until);
        var sealedPacket = new byte[12 + 40 + 16];
        RtpHeader.WriteFixed(sealedPacket, marker: false, 102, 1, 1, 7000);
        var (before, after) = On(shard, on =>
        {
            var counted = on.Engine.FindSubscription(20)!.Statistics();
            on.Socket.Dropped!(new Destination(on.Socket.Family, subscriber.From), sealedPacket);
            return (counted, on.Engine.FindSubscription(20)!.Statistics());
        });
        Assert.Equal((before.Packets - 1, before.Octets - 40, before.NotSent + 1), (after.Packets, after.Octets, after.NotSent));
        Assert.Null(shard.Fault);
    }

    [Fact]
    public void Strangers_are_not_answered_and_do_not_disturb_a_call()
    {
        var shard = Shard(0, managed: false);
        shard.Start();
        using var peer = new Client(1, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames);
        Assert.Null(On(shard, on => on.AddPeer(peer.Transport, new PeerOptions(1, Camera.Ids))));
        using var stranger = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var destination = new Destination(stranger.Family, TransportAddress.V4(0x7F000001, (ushort)shard.LocalEndPoint.Port));
        var forged = Samples.Check(new IceLiteAgent(new("nobody", "a password of enough letters"), new("x", "y")), useCandidate: true);
        var random = new Random(2);
        for (var i = 0; i < 2000; i++)
        {
            var slot = stranger.Outgoing.NextSlot;
            if (i % 2 == 0) forged.CopyTo(slot);
            else random.NextBytes(slot[..forged.Length]);
            stranger.Outgoing.Add(destination, forged.Length);
            if (i % 50 == 49) { stranger.Flush(); Thread.Sleep(1); }
        }
        peer.Connect();
        Assert.Equal(0, stranger.Receive(100));
        Assert.True(On(shard, on => on.Strangers) > 1000);
        Assert.True(On(shard, on => on.RemovePeer(1)));
        Assert.Null(shard.Fault);
    }

    [Fact]
    public void A_flood_in_a_peers_name_costs_little_and_stops_no_media()
    {
        var (shard, publisher, subscriber) = Pair();
        publisher.Connect();
        subscriber.Connect();
        var camera = Call(shard);
        using var stranger = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var target = new Destination(stranger.Family, TransportAddress.V4(0x7F000001, (ushort)shard.LocalEndPoint.Port));
        var forged = Samples.Check(new IceLiteAgent(publisher.Transport.Local, publisher.Transport.Remote), useCandidate: true,
            password: "not the password of the node");
        var viewer = new Viewer(Options);
        var (before, startUs) = (On(shard, on => (on.ChecksRefused, on.ChecksIgnored)), shard.NowUs);
        for (var frame = 0; frame < 100; frame++)
        {
            for (var i = 0; i < 100; i++)
            {
                if (stranger.Outgoing.IsFull) stranger.Flush();
                forged.CopyTo(stranger.Outgoing.NextSlot);
                stranger.Outgoing.Add(target, forged.Length);
            }
            stranger.Flush();
            foreach (var packet in camera.NextFrame()) publisher.Send(packet);
            foreach (var rtcp in publisher.Receive().Rtcp) camera.Answer(rtcp);
            foreach (var packet in subscriber.Receive().Rtp) viewer.Receive(packet);
            Thread.Sleep(2);
        }
        var until = DateTime.UtcNow + Patience;
        while (viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count() < 100 && DateTime.UtcNow < until)
            foreach (var packet in subscriber.Receive(waitMs: 50).Rtp) viewer.Receive(packet);
        viewer.RequireContinuity(withoutLoss: true);
        Assert.Equal(100, viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count());
        Assert.Equal(0, stranger.Receive(0)); // nothing is reflected
        var (refused, ignored) = On(shard, on => (on.ChecksRefused, on.ChecksIgnored));
        Assert.InRange(refused - before.ChecksRefused, 1, CheckBudget.FailuresPerAddress * ((shard.NowUs - startUs) / 1_000_000 + 2));
        Assert.True(ignored - before.ChecksIgnored > 1_000, $"{ignored} of the flood were not computed");
        using var late = new Client(3, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames); // who comes new is served
        Assert.Null(On(shard, on => on.AddPeer(late.Transport, new PeerOptions(3, Camera.Ids))));
        late.Connect();
        Assert.Null(shard.Fault);
    }
}
