using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Forwarding;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Recovery;

/// <summary>
/// Publishers without a retransmission stream, as LiveKit's native SDKs are: lost packets come again as they were, and padding stands among
/// the media.
/// </summary>
public class PlainRepeatTests
{
    private readonly RecordingSink _sink = new();
    private readonly ForwardingEngine _engine;
    private long _now = 1_000_000;

    public PlainRepeatTests()
    {
        _engine = new ForwardingEngine(_sink);
        _engine.AddPeer(new PeerOptions(1, Camera.Ids));
        _engine.Publish(new PublicationOptions(Camera.Track, 1, Room: 1, MediaKind.Video, Codec.Vp8, 96,
            [new LayerOptions(Ssrc: 5)])
        { RepeatsPlainly = true });
        _engine.AddPeer(new PeerOptions(2, Camera.Ids));
        _engine.Subscribe(
            new SubscriptionOptions(20, 2, Camera.Track, 7000, 102) { RtxSsrc = 7001, RtxPayloadType = 103, FirstSequence = 65_530 }, 1);
    }

    private void Send(ushort sequence, bool padding = false)
    {
        _now += 5_000;
        var packet = padding ? [.. Samples.Rtp(sequence, 3000, [], ssrc: 5), 0, 0, 0, 4]
            : Samples.Rtp(sequence, sequence * 3000u, Samples.Vp8(sequence == 1, sequence, sequence, 0, 50), ssrc: 5);
        if (padding) packet[0] |= 0x20;
        _engine.HandleRtp(1, packet, _now);
        _engine.Tick(_now);
    }

    private List<ushort> Asked()
    {
        var asked = new List<ushort>();
        foreach (var rtcp in _sink.TakeRtcp(1))
        {
            var reader = new RtcpReader(rtcp);
            while (reader.Next())
            {
                if (reader.Type != RtcpTypes.TransportFeedback || reader.Count != RtcpTypes.FormatNack) continue;
                var lost = new NackReader(reader.Body);
                while (lost.Next()) asked.Add(lost.Current);
            }
        }
        return asked;
    }

    private List<RtpHeader> Received() => [.. _sink.TakeRtp(2).Select(packet => RtpHeader.TryParse(packet, out var header) ? header
        : throw new InvalidOperationException("no RTP"))];

    [Fact]
    public void What_is_lost_is_asked_for_and_taken_when_it_comes_again()
    {
        for (ushort i = 1; i <= 20; i++) if (i is not (9 or 10)) Send(i);
        Assert.Equal(new ushort[] { 9, 10 }, Asked().Distinct().Order());
        Send(9);
        Send(10);
        Assert.Equal(Enumerable.Range(65_530, 20).Select(number => (ushort)number),
            Received().Select(header => header.Sequence).OrderBy(number => (ushort)(number - 65_530)));
        var layer = _engine.FindPublication(Camera.Track)!.Layers[0].Statistics();
        Assert.Equal((0, 2, 2), (layer.Lost, layer.LostOnTheWay, layer.Recovered));
    }

    [Fact]
    public void Padding_in_order_leaves_no_trace_and_padding_that_comes_late_fills_its_number()
    {
        foreach (var i in new ushort[] { 1, 2 }) Send(i);
        Send(3, padding: true);
        foreach (var i in new ushort[] { 4, 5, 7 }) Send(i);
        Send(6, padding: true);
        Send(8);
        var received = Received();
        Assert.Equal(Enumerable.Range(65_530, 7).Select(number => (ushort)number),
            received.Select(header => header.Sequence).OrderBy(number => (ushort)(number - 65_530)));
        Assert.Equal(4, Assert.Single(received, header => header.PayloadLength == 0).PaddingLength);
    }

    [Fact]
    public void Padding_that_never_comes_is_no_reason_for_key_frames()
    {
        for (ushort i = 1; i < 2_000; i++) if (i % 40 != 0) Send(i);
        Assert.True(Asked().Count > 400);
        var layer = _engine.FindPublication(Camera.Track)!.Layers[0].Statistics();
        Assert.True(layer.GivenUp > 20);
        Assert.InRange(layer.KeyframesAsked, 0, 1); // at most the one that the subscription began with
    }
}
