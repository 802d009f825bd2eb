using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Forwarding;

public sealed class CodecTests
{
    private readonly RecordingSink _sink = new();
    private readonly ForwardingEngine _engine;

    public CodecTests()
    {
        _engine = new ForwardingEngine(_sink);
        foreach (var peer in (int[])[1, 2]) _engine.AddPeer(new PeerOptions(peer, new ExtensionIds()));
    }

    /// <summary>A viewer's stream begins with a key frame, and what follows comes as it was sent.</summary>
    [Theory]
    [InlineData(Codec.Vp9, "CC80010001", "8C8001820178")]
    [InlineData(Codec.Av1, "100A0B", "180A0B")]
    [InlineData(Codec.H264, "4101", "6588840021")]
    public void A_stream_of_each_codec_begins_with_its_key_frame(Codec codec, string delta, string key)
    {
        Assert.Null(_engine.Publish(new PublicationOptions(10, 1, 1, MediaKind.Video, codec, 96, [new LayerOptions(Ssrc: 5)])));
        Assert.Null(_engine.Subscribe(new SubscriptionOptions(20, 2, 10, 7000, 102), 1));
        ushort sequence = 100;
        foreach (var payload in (string[])[delta, delta, key, delta])
            _engine.HandleRtp(1, Samples.Rtp(sequence++, 3_000u * sequence, Convert.FromHexString(payload), ssrc: 5),
                1_000_000 + sequence * 33_000L);
        Assert.Equal([key, delta], _sink.TakeRtp(2).Select(packet => Convert.ToHexString(packet[RtpHeader.FixedLength..])));
    }

    /// <summary>Layers without rids are told apart by their sources, and a viewer gets the one it asks for.</summary>
    [Theory]
    [InlineData(0, 3001u)]
    [InlineData(2, 3003u)]
    public void Layers_told_by_their_sources_are_layers(int wanted, uint source)
    {
        Assert.Null(_engine.Publish(new PublicationOptions(10, 1, 1, MediaKind.Video, Codec.Vp8, 96,
            [new LayerOptions("", 3001, 3011), new LayerOptions("", 3002, 3012),
            new LayerOptions("", 3003, 3013)])
        { RtxPayloadType = 97 }));
        Assert.Null(_engine.Subscribe(new SubscriptionOptions(20, 2, 10, 7000, 102), 1));
        Assert.Null(_engine.Configure(20, SubscriptionSettings.Everything with { MaxLayer = wanted }, 1));
        for (ushort i = 0; i < 200; i++)
        {
            foreach (var ssrc in (uint[])[3001, 3002, 3003])
                _engine.HandleRtp(1, Samples.Rtp(i, 3_000u * i, Samples.Vp8(key: i % 20 == 0, i, i, 0, size: (int)ssrc - 2_900),
                    ssrc: ssrc), 1_000_000 + i * 33_000L);
            _engine.Tick(1_000_000 + i * 33_000L);
        }
        Assert.Equal(wanted, _engine.FindSubscription(20)!.CurrentLayer);
        Assert.Equal((int)source - 2_900, _sink.TakeRtp(2)[^1].Length - RtpHeader.FixedLength);
    }
}
