using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Tests.Forwarding;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Quality;

/// <summary>What a viewer would call a freeze or a gap is counted, and what the publisher meant is not.</summary>
public class FreezeTests
{
    private const long FrameUs = 33_333;
    private const long BlockUs = 1_500_000;
    private readonly RecordingSink _sink = new();
    private readonly Camera _camera = new(new Random(5));
    private readonly ForwardingEngine _engine;
    private long _now = 1_000_000;

    public FreezeTests()
    {
        _engine = new ForwardingEngine(_sink);
        _engine.AddPeer(new PeerOptions(1, Camera.Ids));
        _engine.Publish(_camera.Options(1));
        _engine.AddPeer(new PeerOptions(2, Camera.Ids));
        _engine.Subscribe(new SubscriptionOptions(20, 2, Camera.Track, 7000, 102), 1);
    }

    private void Run(int frames)
    {
        for (var i = 0; i < frames; i++, _now += FrameUs)
        {
            foreach (var packet in _camera.NextFrame()) _engine.HandleRtp(1, packet, _now);
            _engine.Tick(_now);
            foreach (var rtcp in _sink.TakeRtcp(1)) foreach (var _ in _camera.Answer(rtcp)) { } // key frames are granted
        }
    }

    private long[] FreezesOfLayers => [.. _engine.FindPublication(Camera.Track)!.Layers.Select(layer => layer.Statistics().Freezes)];

    [Fact]
    public void A_blocked_path_is_one_freeze_of_every_layer_and_of_what_is_received()
    {
        Run(150);
        _now += BlockUs;
        Run(150);
        Assert.Equal([1, 1, 1], FreezesOfLayers);
        var seen = _engine.FindSubscription(20)!.Statistics();
        Assert.Equal(1, seen.Freezes);
        Assert.InRange(seen.FrozenMs, 1_500, 1_600);
    }

    [Fact]
    public void A_layer_that_its_publisher_stopped_is_no_freeze()
    {
        Run(150);
        _camera.Active[2] = false;
        Run(90);
        _camera.Active[2] = true;
        Run(150);
        Assert.Equal([0, 0, 0], FreezesOfLayers);
    }

    [Fact]
    public void What_nobody_received_was_no_freeze()
    {
        Run(150);
        _engine.Configure(20, new SubscriptionSettings(Paused: true, 2, SubscriptionSettings.AllTemporal), _now);
        _now += 10 * BlockUs; // a publisher that hears of it sends nothing
        _engine.Configure(20, SubscriptionSettings.Everything, _now);
        Run(150);
        Assert.Equal([0, 0, 0], FreezesOfLayers);
        Assert.Equal(0, _engine.FindSubscription(20)!.Statistics().Freezes);
    }

    [Theory]
    [InlineData(400, 1, 400, 0)]     // silence cut out: one packet in 400 ms, its time goes on
    [InlineData(800, 2, 800, 0)]     // the same, and one of them lost
    [InlineData(400, 1, 20, 1)]      // held up on the way
    [InlineData(1_000, 50, 1_000, 1)] // lost on the way
    [InlineData(60, 3, 60, 0)]       // too short to be heard
    public void A_gap_of_sound_is_told_from_silence(int afterMs, int sequenceStep, int timestampStepMs, long gaps)
    {
        var reception = new ReceptionQuality();
        long sequence = 70_000;
        uint timestamp = uint.MaxValue - 20_000;
        void Receive(int waitMs, int step, int stepMs)
        {
            _now += waitMs * 1000;
            sequence += step;
            timestamp = unchecked(timestamp + (uint)(stepMs * 48));
            reception.OnPacket(sequence, timestamp, 100, 48_000, audio: true, _now);
        }
        for (var i = 0; i < 50; i++) Receive(20, 1, 20);
        Receive(afterMs, sequenceStep, timestampStepMs);
        for (var i = 0; i < 50; i++) Receive(20, 1, 20);
        Assert.Equal(gaps, reception.AudioGaps);
    }

    [Fact]
    public void Loss_is_told_before_and_after_repair()
    {
        var engine = new ForwardingEngine(_sink);
        engine.AddPeer(new PeerOptions(1, Camera.Ids));
        engine.Publish(new PublicationOptions(Camera.Track, 1, Room: 1, MediaKind.Video, Codec.Vp8, 96,
            [new LayerOptions(Ssrc: 5, RtxSsrc: 6)])
        { RtxPayloadType = 97 });
        for (ushort i = 1; i <= 100; i++)
            if (i is not (40 or 41 or 42))
                engine.HandleRtp(1, Samples.Rtp(i, i * 3000u, Samples.Vp8(i == 1, i, i, 0, 50), ssrc: 5), _now + i * FrameUs);
        var payload = Samples.Vp8(false, 40, 40, 0, 50);
        engine.HandleRtp(1, Samples.Rtp(900, 40 * 3000u, [0, 40, .. payload], ssrc: 6, payloadType: 97), _now + 101 * FrameUs);
        var layer = engine.FindPublication(Camera.Track)!.Layers[0].Statistics();
        Assert.Equal((2, 3, 1), (layer.Lost, layer.LostOnTheWay, layer.RetransmissionsReceived));
    }
}
