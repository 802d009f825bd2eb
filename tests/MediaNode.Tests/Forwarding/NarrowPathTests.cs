using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Tests.Forwarding;

/// <summary>A path that carries only so much: what is more is lost, and the receiver says so once a second.</summary>
public class NarrowPathTests
{
    private const long FrameUs = 33_333;

    private static (List<int> Layers, ForwardingEngine Engine) Run(long bitsPerSecond, int seconds)
    {
        var sink = new RecordingSink();
        var camera = new Camera(new Random(5)) { LargestPayload = 1100 };
        var engine = new ForwardingEngine(sink);
        engine.AddPeer(new PeerOptions(1, Camera.Ids));
        engine.Publish(camera.Options(1));
        engine.AddPeer(new PeerOptions(2, Camera.Ids));
        engine.Subscribe(new SubscriptionOptions(20, 2, Camera.Track, 7000, 102), 1);
        var layers = new List<int>();
        var sequences = new Unwrapper(16);
        long now = 1_000_000, came = 0, lost = 0, room = 0;
        for (var frame = 0; frame < seconds * 30; frame++, now += FrameUs)
        {
            foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, now);
            engine.Tick(now);
            foreach (var rtcp in sink.TakeRtcp(1)) foreach (var _ in camera.Answer(rtcp)) { }
            room = Math.Min(room + bitsPerSecond / 30, bitsPerSecond / 10); // a queue of 100 ms
            foreach (var packet in sink.TakeRtp(2))
            {
                Assert.True(RtpHeader.TryParse(packet, out var header));
                sequences.Unwrap(header.Sequence);
                came++;
                if (room < packet.Length * 8) lost++;
                else room -= packet.Length * 8;
            }
            if (frame % 30 != 0 || came == 0) continue;
            var datagram = new byte[100];
            var writer = new RtcpWriter(datagram);
            writer.ReceiverReport(9, [new ReportBlock { Ssrc = 7000, FractionLost = (byte)Math.Min(255, lost * 256 / came),
                HighestSequence = (uint)sequences.Highest }]);
            engine.HandleRtcp(2, datagram.AsSpan(0, writer.Length), now);
            layers.Add(engine.FindSubscription(20)!.CurrentLayer);
            (came, lost) = (0, 0);
        }
        return (layers, engine);
    }

    [Fact]
    public void It_gets_the_layer_that_fits_and_the_larger_one_is_tried_ever_more_rarely()
    {
        var (wide, _) = Run(10_000_000, 30);
        Assert.Equal(2, wide[^1]);
        var (layers, engine) = Run(300_000, 240);
        var story = string.Join(' ', layers);
        Assert.True(layers.Take(6).Max() == 2 && layers.Skip(6).Take(6).Min() < 2, $"did not come down: {story}");
        var tries = layers.Zip(layers.Skip(1)).Count(pair => pair.First < 2 && pair.Second == 2);
        Assert.True(tries <= 5, $"{tries} tries: {story}");
        Assert.True(layers.Skip(10).Count(layer => layer == 2) <= 20, $"stayed where it did not fit: {story}");
        Assert.InRange(engine.EstimateBps(2), 100_000, 4_000_000); // what was never carried is not believed in
    }
}
