using System.Net;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;
using VideoScale.MediaNode.Tests.Fuzzing;
using VideoScale.MediaNode.Tests.Forwarding;

namespace VideoScale.MediaNode.Tests.Udp;

/// <summary>The same over TCP: to the right shard, from one way to the other and back, and who reads slowly or not at all.</summary>
public sealed partial class ShardTests
{
    private static readonly TimeSpan LongPatience = TimeSpan.FromMinutes(2);
    private readonly FragmentDirectory _fragments = new();

    private ConnectionListener Listener(TimeSpan? patience = null)
    {
        var listener = new ConnectionListener(new IPEndPoint(IPAddress.Loopback, 0), _fragments, patience ?? LongPatience);
        listener.Start();
        _open.Insert(0, listener); // it ends before those to whom it gives connections
        return listener;
    }

    private MediaShard TcpShard(int index, bool managed = false)
    {
        var shard = new MediaShard(new ShardOptions(index, new IPEndPoint(IPAddress.Loopback, 0))
        {
            Fragments = _fragments,
            ManagedSocket = managed,
        }, _identity);
        _open.Add(shard);
        return shard;
    }

    private Client TcpClient(int peer, MediaShard shard, IDatagramSocket? socket)
    {
        var client = new Client(peer, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames, socket);
        _open.Add(client);
        Assert.Null(On(shard, on => on.AddPeer(client.Transport, new PeerOptions(peer, Camera.Ids))));
        return client;
    }

    /// <summary>Sends pictures until so many more are whole at the viewer.</summary>
    private static void Watch(Camera camera, Client publisher, Client subscriber, Viewer viewer, int pictures)
    {
        int Seen() => viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count();
        var (wanted, until) = (Seen() + pictures, DateTime.UtcNow + Patience);
        while (Seen() < wanted)
        {
            Assert.True(DateTime.UtcNow < until, $"{Seen()} of {wanted} pictures");
            foreach (var packet in camera.NextFrame()) publisher.Send(packet);
            foreach (var rtcp in publisher.Receive().Rtcp) camera.Answer(rtcp);
            foreach (var packet in subscriber.Receive(waitMs: 5).Rtp) viewer.Receive(packet);
        }
    }

    [Theory]
    [InlineData(1, true, true, false)]
    [InlineData(2, true, false, false)]
    [InlineData(2, false, true, false)]
    [InlineData(1, true, true, true)]
    public void Video_passes_over_tcp_to_and_from_the_shard_of_its_peer(int shards, bool sendsByTcp, bool receivesByTcp, bool managed)
    {
        var all = Enumerable.Range(0, shards).Select(i => TcpShard(i, managed)).ToList();
        MediaShard.Connect(all);
        foreach (var shard in all) shard.Start();
        MediaShard home = all[0], away = all[^1];
        var listener = Listener();
        var publisher = TcpClient(1, home, sendsByTcp ? new StreamSocket(listener.LocalEndPoint) : null);
        var subscriber = TcpClient(2, away, receivesByTcp ? new StreamSocket(listener.LocalEndPoint) : null);
        publisher.Connect();
        subscriber.Connect();
        var camera = new Camera(new Random(1), layers: 1);
        Assert.Null(On(home, on => on.Engine.Publish(camera.Options(1))));
        if (home != away)
        {
            Assert.Null(On(away, on => on.Mirror(camera.Options(1), owner: 0)));
            Assert.Null(On(home, on => on.SetMirrored(Camera.Track, 1, true)));
        }
        Assert.Null(On(away, on => on.Engine.Subscribe(Options, on.NowUs)));
        var viewer = new Viewer(Options);
        Watch(camera, publisher, subscriber, viewer, pictures: 60);
        viewer.RequireContinuity(withoutLoss: true);
        Assert.Equal(0, all.Sum(shard => shard.Tcp.Drops.PicturePackets));
        Assert.Equal((sendsByTcp ? 1 : 0) + (receivesByTcp ? 1 : 0), all.Sum(shard => shard.Tcp.Open));
        Assert.True(On(away, on => on.RemovePeer(2)));
        Assert.Equal(sendsByTcp ? 1 : 0, all.Sum(shard => shard.Tcp.Open)); // a peer's connections end with it
        Assert.All(all, shard => Assert.Null(shard.Fault));
    }

    [Fact]
    public void Media_follows_what_the_client_nominates_from_udp_to_tcp_and_back()
    {
        var shard = TcpShard(0);
        shard.Start();
        var listener = Listener();
        var publisher = TcpClient(1, shard, null);
        var datagrams = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var subscriber = TcpClient(2, shard, datagrams);
        publisher.Connect();
        subscriber.Connect();
        var (camera, viewer) = (Call(shard), new Viewer(Options));
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        var stream = new StreamSocket(listener.LocalEndPoint);
        subscriber.Switch(stream);
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        Assert.Equal(0, datagrams.Receive(50));
        publisher.Switch(new StreamSocket(listener.LocalEndPoint));
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        subscriber.Switch(datagrams);
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        Assert.Equal(2, shard.Tcp.Open); // the pair is kept, to go back to
        subscriber.Switch(stream);
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        stream.Dispose();
        var until = DateTime.UtcNow + Patience;
        while (subscriber.States.Last() is not TransportState.New) // nobody is there any more, and it is noticed at once
        {
            Assert.True(DateTime.UtcNow < until);
            Thread.Sleep(10);
        }
        subscriber.Switch(datagrams);
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        subscriber.Switch(new StreamSocket(listener.LocalEndPoint));
        Watch(camera, publisher, subscriber, viewer, pictures: 20);
        Assert.Equal(TransportState.Connected, subscriber.States.Last());
        Assert.Null(shard.Fault);
    }

    [Fact]
    public void Who_does_not_read_loses_pictures_takes_bounded_memory_and_disturbs_nobody()
    {
        var shard = TcpShard(0);
        shard.Start();
        var listener = Listener();
        var publisher = TcpClient(1, shard, null);
        var subscriber = TcpClient(2, shard, new StreamSocket(listener.LocalEndPoint));
        var slow = TcpClient(3, shard, new StreamSocket(listener.LocalEndPoint, receiveOctets: 4096));
        foreach (var client in (Client[])[publisher, subscriber, slow]) client.Connect();
        var (camera, viewer) = (Call(shard), new Viewer(Options));
        var late = new SubscriptionOptions(30, 3, Camera.Track, 7100, 102) { RtxSsrc = 7101, RtxPayloadType = 103 };
        Assert.Null(On(shard, on => on.Engine.Subscribe(late, on.NowUs)));
        var until = DateTime.UtcNow + Patience;
        while (shard.Tcp.Drops.Pictures < 20 || shard.Tcp.WaitingOctets == 0)
        {
            Assert.True(DateTime.UtcNow < until, "pictures are dropped for it");
            Watch(camera, publisher, subscriber, viewer, pictures: 10);
        }
        viewer.RequireContinuity(withoutLoss: true);
        var statistics = On(shard, on => on.Engine.FindSubscription(30)!.Statistics());
        Assert.InRange(shard.Tcp.WaitingOctets, 1, PacketQueue.MostMediaOctets + 100_000);
        Assert.True(statistics.NotSent >= 20 && statistics.Packets > 0, $"{statistics.NotSent} not sent, {statistics.Packets} sent");
        Assert.Null(shard.Fault);
    }

    [Fact]
    public void Who_brings_no_check_of_a_peer_is_not_kept()
    {
        var shard = TcpShard(0);
        shard.Start();
        var listener = Listener(TimeSpan.FromMilliseconds(500));
        using var peer = new Client(1, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames);
        Assert.Null(On(shard, on => on.AddPeer(peer.Transport, new PeerOptions(1, Camera.Ids))));
        var names = new IceLiteAgent(peer.Transport.Local, peer.Transport.Remote);
        var nobody = new IceLiteAgent(new("nobody", "a password of enough letters"), new("x", "y"));
        byte[][] openings =
        [
            [], // silence
            [0, 5, 22, 254, 253, 0, 0], // no check
            [255, 255, 1, 1], // longer than any packet
            [0, 0, 0, 0, 0, 0], // nothing, again and again
            Tcp.FrameReaderTests.Frame(Samples.Check(nobody, useCandidate: true)),
            Tcp.FrameReaderTests.Frame(Samples.Check(names, useCandidate: true, password: "not the password of the node")),
        ];
        foreach (var opening in openings)
        {
            using var socket = new StreamSocket(listener.LocalEndPoint);
            if (opening.Length > 0) socket.Send(opening);
            Assert.True(socket.EndsWithin(Patience), Convert.ToHexString(opening));
        }
        Assert.Equal((0, 0, 1), (shard.Tcp.Open, shard.Tcp.Taken, shard.Tcp.Refused));
        Assert.Equal((0, 6, 5), (listener.Pending, listener.Accepted, listener.Unclaimed));
        Assert.Null(shard.Fault);
    }

    [Fact]
    public void A_check_may_come_before_its_peer()
    {
        var shard = TcpShard(0);
        shard.Start();
        var listener = Listener();
        using var socket = new StreamSocket(listener.LocalEndPoint);
        using var client = new Client(1, shard, _identity.Fingerprint, SrtpProfiles.OpenSslNames, socket);
        socket.Send(Tcp.FrameReaderTests.Frame(Samples.Check(new IceLiteAgent(client.Transport.Local, client.Transport.Remote),
            useCandidate: true)));
        var until = DateTime.UtcNow + Patience;
        while (listener.Pending == 0) Assert.True(DateTime.UtcNow < until);
        Assert.Equal(0, socket.Receive(50));
        Assert.Null(On(shard, on => on.AddPeer(client.Transport, new PeerOptions(1, Camera.Ids))));
        while (socket.Receive(100) == 0) Assert.True(DateTime.UtcNow < until);
        Assert.True(StunMessage.TryParse(socket.Datagram(0, out _), out var answer) && answer.Type == StunMessage.BindingSuccess);
        while (listener.Pending > 0) Assert.True(DateTime.UtcNow < until);
        Assert.Equal(1, shard.Tcp.Taken);
    }

    [Fact]
    public void Connections_end_with_the_node_whatever_they_wait_for()
    {
        var shard = TcpShard(0);
        shard.Start();
        var listener = Listener();
        using var waiting = new StreamSocket(listener.LocalEndPoint);
        var socket = new StreamSocket(listener.LocalEndPoint);
        TcpClient(1, shard, socket).Connect();
        var until = DateTime.UtcNow + Patience;
        while (listener.Pending == 0) Assert.True(DateTime.UtcNow < until);
        listener.Dispose();
        Assert.True(waiting.EndsWithin(Patience));
        Assert.False(socket.HasEnded);
        shard.Dispose();
        _open.Remove(shard);
        Assert.True(socket.EndsWithin(Patience));
    }
}
