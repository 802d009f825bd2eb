using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Fuzzing;
using VideoScale.Model;

namespace VideoScale.MediaNode.Tests.Forwarding;

public partial class EngineTests
{
    private const long FrameUs = 33_333;
    private readonly RecordingSink _sink = new();

    private ForwardingEngine Engine(Camera camera, int viewers = 1, IMirrorLink? link = null)
    {
        var engine = new ForwardingEngine(_sink, link);
        Assert.Null(engine.AddPeer(new PeerOptions(1, Camera.Ids)));
        Assert.Null(engine.Publish(camera.Options(1)));
        for (var i = 0; i < viewers; i++)
        {
            Assert.Null(engine.AddPeer(new PeerOptions(2 + i, Camera.Ids)));
            Assert.Null(engine.Subscribe(new SubscriptionOptions(20 + i, 2 + i, Camera.Track, (uint)(7000 + 2 * i),
                102)
            { RtxSsrc = (uint)(7001 + 2 * i), RtxPayloadType = 103 }, 1));
        }
        return engine;
    }

    private static List<(byte Type, byte Count, byte[] Body)> Read(IEnumerable<byte[]> datagrams)
    {
        var all = new List<(byte, byte, byte[])>();
        foreach (var datagram in datagrams)
        {
            var reader = new RtcpReader(datagram);
            while (reader.Next()) all.Add((reader.Type, reader.Count, reader.Body.ToArray()));
        }
        return all;
    }

    [Fact]
    public void Nothing_is_allocated_per_forwarded_packet()
    {
        var camera = new Camera(new Random(3), layers: 1);
        var sink = new SilentSink();
        var engine = new ForwardingEngine(sink);
        engine.AddPeer(new PeerOptions(1, Camera.Ids));
        engine.Publish(camera.Options(1));
        for (var i = 0; i < 50; i++)
        {
            engine.AddPeer(new PeerOptions(2 + i, Camera.Ids));
            engine.Subscribe(new SubscriptionOptions(20 + i, 2 + i, Camera.Track, (uint)(7000 + i), 102), 1);
        }
        var packets = Enumerable.Range(0, 600).SelectMany(_ => camera.NextFrame()).ToArray();
        long now = 1_000_000;
        void Pass(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                engine.HandleRtp(1, packets[i], now);
                if (i % 5 == 0) engine.Tick(now); // reports, feedback and choices are part of the path
                now += 5_000;
            }
        }
        Pass(0, packets.Length / 2);
        engine.Events.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var sent = sink.Packets;
        Pass(packets.Length / 2, packets.Length);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(50L * (packets.Length - packets.Length / 2), sink.Packets - sent);
        Assert.Equal(0, allocated);
    }

    private sealed class SilentSink : IPacketSink
    {
        private readonly byte[] _room = new byte[1500];
        public long Packets { get; private set; }
        public Span<byte> Reserve(int peer) => _room;
        public bool CommitRtp(int peer, int length, PacketKind kind) => ++Packets > 0;
        public bool CommitRtcp(int peer, int length) => true;
    }

    [Fact]
    public void However_many_viewers_wait_a_publisher_is_asked_twice_a_second_at_most()
    {
        var camera = new Camera(new Random(3), layers: 1);
        var engine = Engine(camera, viewers: 40);
        foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, 1_000_000);
        _sink.TakeRtcp(1);
        var pli = new byte[12];
        var asked = 0;
        for (long now = 1_010_000; now < 6_000_000; now += 10_000)
        {
            for (var viewer = 0; viewer < 40; viewer++)
            {
                var writer = new RtcpWriter(pli);
                writer.Pli(5, (uint)(7000 + 2 * viewer));
                engine.HandleRtcp(2 + viewer, pli, now);
            }
            engine.Tick(now);
            asked += Read(_sink.TakeRtcp(1)).Count(rtcp => rtcp.Type == RtcpTypes.PayloadFeedback && rtcp.Count == RtcpTypes.FormatPli);
        }
        Assert.InRange(asked, 9, 10);
        Assert.Equal(499, engine.FindSubscription(20)!.KeyframesAsked);
    }

    [Fact]
    public void The_loudest_are_named_and_silence_is_too()
    {
        var engine = new ForwardingEngine(_sink);
        for (var i = 1; i <= 3; i++)
        {
            engine.AddPeer(new PeerOptions(i, Camera.Ids));
            engine.Publish(new PublicationOptions(i, i, Room: 1, MediaKind.Audio, Codec.Opus, 111, [new LayerOptions(Ssrc: (uint)i)]));
        }
        long now = 1_000_000;
        ushort sequence = 1;
        IReadOnlyList<Speaker>? last = null;
        void Speak(params int[] levels)
        {
            for (var round = 0; round < 150; round++, now += 20_000)
            {
                for (var i = 1; i <= 3; i++)
                    engine.HandleRtp(i, Samples.Rtp(sequence, sequence * 960u, [1, 2], Camera.Ids, ssrc: (uint)i, payloadType: 111,
                        audioLevel: levels[i - 1]), now);
                sequence++;
                engine.Tick(now);
                while (engine.Events.TryDequeue(out var happened)) if (happened is EngineEvent.Speakers speakers) last = speakers.Loudest;
            }
        }
        Speak(127, 20, 10);
        Assert.Equal([3, 2], last!.Select(speaker => speaker.Track));
        Speak(5, 127, 127);
        Assert.Equal([1], last!.Select(speaker => speaker.Track));
        Speak(40, 40, 40); // a room's noise is no voice
        Assert.Empty(last!);
    }

    [Fact]
    public void Freezes_sizes_and_audio_gaps_are_counted_as_a_viewer_would()
    {
        var camera = new Camera(new Random(5), layers: 1);
        var engine = Engine(camera);
        engine.Publish(new PublicationOptions(11, 1, Room: 1, MediaKind.Audio, Codec.Opus, 111, [new LayerOptions(Ssrc: 50)]));
        long now = 1_000_000;
        for (var frame = 0; frame < 120; frame++)
        {
            now += frame is 60 or 90 ? 900_000 : FrameUs;
            foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, now);
            engine.HandleRtp(1, Samples.Rtp((ushort)frame, (uint)(frame * 960), [1], ssrc: 50, payloadType: 111), now);
        }
        var statistics = engine.FindPublication(Camera.Track)!.Layers[0].Statistics();
        Assert.Equal(2, statistics.Freezes);
        Assert.Equal(1800, statistics.FrozenMs);
        Assert.Equal((640, 360, 0), (statistics.Width, statistics.Height, statistics.ResolutionChanges));
        Assert.Equal(2, engine.FindSubscription(20)!.Statistics().Freezes);
        Assert.Equal(120, statistics.Frames);
        Assert.Equal(2, engine.FindPublication(11)!.Layers[0].Statistics().AudioGaps);
    }

    [Fact]
    public void A_mirror_forwards_what_its_owner_passes_on_and_asks_it_for_key_frames()
    {
        var camera = new Camera(new Random(5), layers: 1);
        var far = new RecordingSink();
        var toOwner = new Link();
        var mirror = new ForwardingEngine(far, toOwner);
        var link = new Link { Far = mirror };
        var owner = Engine(camera, viewers: 0, link);
        Assert.Null(owner.SetMirrored(Camera.Track, true));
        Assert.Null(mirror.Mirror(camera.Options(1)));
        mirror.AddPeer(new PeerOptions(2, Camera.Ids));
        var options = new SubscriptionOptions(20, 2, Camera.Track, 7000, 102) { RtxSsrc = 7001, RtxPayloadType = 103 };
        mirror.Subscribe(options, 1_000_000);
        Assert.Equal(1, toOwner.KeyframesWanted);
        var viewer = new Viewer(options);
        long now = 1_000_000;
        for (var frame = 0; frame < 100; frame++, now += FrameUs)
            foreach (var packet in camera.NextFrame()) owner.HandleRtp(1, packet, now);
        foreach (var packet in far.TakeRtp(2)) viewer.Receive(packet);
        viewer.RequireContinuity(withoutLoss: true);
        Assert.Equal(100, viewer.Packets.Values.Select(packet => packet.Frame).Distinct().Count());
        var pli = new byte[12];
        var writer = new RtcpWriter(pli);
        writer.Pli(5, 7000);
        mirror.HandleRtcp(2, pli, now);
        mirror.Tick(now);
        Assert.Equal(2, toOwner.KeyframesWanted); // a viewer that lost the picture
        owner.HandleKeyframeWanted(Camera.Track, 0, now);
        Assert.Contains(Read(_sink.TakeRtcp(1)), rtcp => rtcp.Type == RtcpTypes.PayloadFeedback);
    }

    private sealed class Link : IMirrorLink
    {
        public ForwardingEngine? Far { get; init; }
        public int KeyframesWanted { get; private set; }
        public void Packet(int track, int layer, ReadOnlySpan<byte> packet, int audioLevel, long nowUs) =>
            Far!.HandleMirrored(track, layer, packet, audioLevel, nowUs);
        public void SenderReport(int track, int layer, in SenderInfo report, long nowUs) =>
            Far!.HandleMirroredReport(track, layer, report, nowUs);
        public void KeyframeWanted(int track, int layer) => KeyframesWanted++;
    }

    [Fact]
    public void Commands_that_do_not_fit_are_refused_and_leaving_takes_everything_along()
    {
        var camera = new Camera(new Random(5));
        var engine = Engine(camera);
        Assert.Equal(FailureCode.AlreadyExists, engine.AddPeer(new PeerOptions(1, Camera.Ids))!.Code);
        Assert.Equal(FailureCode.AlreadyExists, engine.Publish(camera.Options(1))!.Code);
        Assert.Equal(FailureCode.NotFound, engine.Publish(camera.Options(77))!.Code);
        Assert.Equal(FailureCode.NotFound, engine.Subscribe(new SubscriptionOptions(21, 2, 99, 1, 1), 1)!.Code);
        Assert.Equal(FailureCode.AlreadyExists, engine.Subscribe(new SubscriptionOptions(21, 2, Camera.Track, 7000, 1), 1)!.Code);
        Assert.Equal(FailureCode.InvalidArgument, engine.Publish(camera.Options(1) with { Track = 12, Layers = [] })!.Code);
        Assert.True(engine.RemovePeer(1));
        Assert.False(engine.RemovePeer(1) || engine.Unpublish(Camera.Track) || engine.Unsubscribe(20)); // it took everything along
        Assert.Null(engine.FindPublication(Camera.Track));
        Assert.Null(engine.FindSubscription(20));
        foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, 1_000_000);
        Assert.Empty(_sink.TakeRtp(2));
        Assert.Null(engine.AddPeer(new PeerOptions(1, Camera.Ids)));
        Assert.Null(engine.Publish(camera.Options(1)));
    }

    [Fact]
    public void Packets_and_reports_of_any_shape_leave_the_engine_at_work()
    {
        var camera = new Camera(new Random(5));
        var engine = Engine(camera, viewers: 2);
        var corpus = Enumerable.Range(0, 4).SelectMany(_ => camera.NextFrame()).ToList();
        corpus.Add(Samples.Compound());
        corpus.Add(Samples.TransportFeedback());
        corpus.Add(camera.Answer(Nack(camera.Ssrc(0), corpus[0])).First());
        long now = 1_000_000;
        var turn = 0;
        Fuzz.Run([.. corpus], input =>
        {
            now += 700;
            if (input.Length > 1 && input[1] is >= 192 and <= 223) engine.HandleRtcp(1 + turn % 3, input, now);
            else engine.HandleRtp(1, input, now);
            if (++turn % 64 != 0) return;
            engine.Tick(now);
            engine.Events.Clear();
            _sink.Rtp.Clear();
            _sink.Rtcp.Clear();
        });
        var fresh = new Camera(new Random(6), layers: 1);
        Assert.True(engine.Unpublish(Camera.Track));
        Assert.Null(engine.Publish(fresh.Options(1) with { Layers = [new LayerOptions(Ssrc: 999)] }));
        Assert.Null(engine.Subscribe(new SubscriptionOptions(30, 2, Camera.Track, 8000, 102), now));
        engine.HandleRtp(1, Samples.Rtp(1, 1, Samples.Vp8(true, 1, 1, 0, 50), ssrc: 999), now);
        Assert.Single(_sink.TakeRtp(2));
    }

    private static byte[] Nack(uint ssrc, byte[] packet)
    {
        Assert.True(RtpHeader.TryParse(packet, out var header));
        var datagram = new byte[100];
        var writer = new RtcpWriter(datagram);
        writer.Nack(1, ssrc, [header.Sequence]);
        return datagram[..writer.Length];
    }
}
