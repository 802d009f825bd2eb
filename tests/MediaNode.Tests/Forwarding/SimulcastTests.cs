using VideoScale.Harness;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtcp;

namespace VideoScale.MediaNode.Tests.Forwarding;

public class SimulcastTests
{
    private const long FrameUs = 33_333;
    private readonly RecordingSink _sink = new();

    private (ForwardingEngine Engine, SubscriptionOptions Options) Stage(Camera camera, Random random)
    {
        var engine = new ForwardingEngine(_sink);
        Assert.Null(engine.AddPeer(new PeerOptions(1, Camera.Ids)));
        Assert.Null(engine.AddPeer(new PeerOptions(2, Camera.Ids)));
        Assert.Null(engine.Publish(camera.Options(1)));
        var options = new SubscriptionOptions(20, 2, Camera.Track, Ssrc: 7000, PayloadType: 102)
        {
            RtxSsrc = 7001,
            RtxPayloadType = 103,
            FirstSequence = (ushort)random.Next(65_000, 65_536),
        };
        Assert.Null(engine.Subscribe(options, 1));
        return (engine, options);
    }

    [Fact]
    public void Every_number_goes_on_whatever_layers_are_asked_for_and_whichever_stop() => Seeds.Run(40, random =>
    {
        _sink.Rtp.Clear();
        var camera = new Camera(random);
        var (engine, options) = Stage(camera, random);
        var viewer = new Viewer(options);
        long now = 1_000_000;
        var layersSeen = new HashSet<int>();
        for (var frame = 0; frame < 900; frame++, now += FrameUs)
        {
            if (random.Next(60) == 0) camera.Active[random.Next(1, 3)] ^= true;
            if (random.Next(40) == 0) engine.Configure(20, new(random.Next(6) == 0, random.Next(3), random.Next(4)), now);
            if (random.Next(200) == 0) { engine.SetMuted(Camera.Track, true); engine.SetMuted(Camera.Track, false); }
            foreach (var packet in camera.NextFrame(padding: random.Next(5) == 0)) engine.HandleRtp(1, packet, now);
            engine.Tick(now + 10_000);
            foreach (var rtcp in _sink.TakeRtcp(1)) camera.Answer(rtcp);
            foreach (var packet in _sink.TakeRtp(2)) viewer.Receive(packet);
            layersSeen.Add(engine.FindSubscription(20)!.CurrentLayer);
        }
        viewer.RequireContinuity(withoutLoss: true);
        Assert.True(viewer.Packets.Count > 500, $"only {viewer.Packets.Count} packets");
        Assert.True(layersSeen.Count >= 3);
    });

    [Fact]
    public void A_subscriber_gets_the_layer_it_asks_for_up_and_down()
    {
        var random = new Random(7);
        var camera = new Camera(random);
        var (engine, _) = Stage(camera, random);
        long now = 1_000_000;
        foreach (var wanted in new[] { 2, 0, 1, 2, 0 })
        {
            engine.Configure(20, new(false, wanted, 3), now);
            for (var frame = 0; frame < 90; frame++, now += FrameUs)
            {
                foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, now);
                engine.Tick(now);
                foreach (var rtcp in _sink.TakeRtcp(1)) camera.Answer(rtcp);
            }
            Assert.Equal(wanted, engine.FindSubscription(20)!.CurrentLayer);
        }
        Assert.Equal(4, engine.FindSubscription(20)!.Statistics().LayerSwitches);
    }

    [Fact]
    public void Fewer_temporal_layers_mean_fewer_frames_and_no_holes() => Seeds.Run(10, random =>
    {
        _sink.Rtp.Clear();
        var camera = new Camera(random, layers: 1);
        var (engine, options) = Stage(camera, random);
        engine.Configure(20, new(false, 0, MaxTemporal: 0), 1);
        var viewer = new Viewer(options);
        for (var frame = 0; frame < 400; frame++)
            foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, 1_000_000 + frame * FrameUs);
        foreach (var packet in _sink.TakeRtp(2)) viewer.Receive(packet);
        viewer.RequireContinuity(withoutLoss: true);
        Assert.All(viewer.Packets.Values, packet => Assert.Equal(0, packet.Vp8.TemporalId));
        Assert.InRange(viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count(), 100, 101);
    });

    [Fact]
    public void What_is_lost_or_disordered_on_either_side_is_repaired() => Seeds.Run(25, random =>
    {
        _sink.Rtp.Clear();
        _sink.Rtcp.Clear();
        var camera = new Camera(random, layers: 1);
        var (engine, options) = Stage(camera, random);
        var viewer = new Viewer(options);
        var up = new Link(random, lossPercent: 5);
        var down = new Link(random, lossPercent: 5);
        var lossless = false;
        var wanted = new NackGenerator();
        var sequences = new MediaNode.Rtp.Unwrapper(16);
        long now = 1_000_000;
        for (var step = 0; step < 4000; step++, now += 5_000)
        {
            lossless = step > 3200; // silence at the end, so that all repairs may come through
            // a loss at the very end shows in nothing that follows
            if (step % 7 == 0 && step < 3000)
                foreach (var packet in camera.NextFrame()) up.Send(packet, now, first: camera.Frame < 2 || step > 2980);
            foreach (var packet in up.Arrived(now)) engine.HandleRtp(1, packet, now);
            if (step % 2 == 0) engine.Tick(now);
            foreach (var rtcp in _sink.TakeRtcp(1)) foreach (var repair in camera.Answer(rtcp)) up.Send(repair, now, first: lossless);
            foreach (var packet in _sink.TakeRtp(2)) down.Send(packet, now, first: step > 2980 || viewer.Packets.Count == 0);
            foreach (var packet in down.Arrived(now))
            {
                viewer.Receive(packet);
                Assert.True(MediaNode.Rtp.RtpHeader.TryParse(packet, out var header));
                var number = header.Ssrc == options.Ssrc ? header.Sequence
                    : System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(header.HeaderLength));
                wanted.Received(sequences.Unwrap(number), now);
            }
            AskAgain(engine, options, wanted, now);
        }
        viewer.RequireContinuity(withoutLoss: true);
        Assert.Equal(2999 / 7 + 1, viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count());
        Assert.True(up.Lost > 10 && down.Lost > 10, "the links lose");
        Assert.True(engine.FindSubscription(20)!.Retransmissions > 10);
        Assert.Equal(0, engine.FindPublication(Camera.Track)!.Layers[0].Statistics().Lost);
    });

    private static void AskAgain(ForwardingEngine engine, SubscriptionOptions options, NackGenerator wanted, long now)
    {
        Span<ushort> missing = stackalloc ushort[256];
        Span<byte> datagram = stackalloc byte[1400];
        var count = wanted.Collect(now, missing, out _);
        var writer = new RtcpWriter(datagram);
        if (count > 0 && writer.Nack(9, options.Ssrc, missing[..count])) engine.HandleRtcp(2, datagram[..writer.Length], now);
    }

    /// <summary>A path that loses, delays and repeats.</summary>
    private sealed class Link(Random random, int lossPercent)
    {
        private readonly PriorityQueue<byte[], (long, int)> _way = new();
        private int _order;
        public int Lost { get; private set; }

        public void Send(byte[] packet, long now, bool first)
        {
            if (!first && random.Next(100) < lossPercent) { Lost++; return; }
            _way.Enqueue(packet, (now + (first ? 0 : random.Next(0, 4) * 3_000), _order++));
            if (random.Next(50) == 0) _way.Enqueue((byte[])packet.Clone(), (now + 20_000, _order++));
        }

        public IEnumerable<byte[]> Arrived(long now)
        {
            while (_way.TryPeek(out _, out var due) && due.Item1 <= now) yield return _way.Dequeue();
        }
    }
}
