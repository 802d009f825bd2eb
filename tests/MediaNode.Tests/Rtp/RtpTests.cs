using System.Text;
using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Rtp;

public class RtpTests
{
    private static readonly ExtensionIds Ids = new() { Mid = 1, Rid = 2, RepairedRid = 3, TransportSequence = 4, AudioLevel = 5 };

    [Fact]
    public void A_written_packet_reads_back() => Seeds.Run(300, random =>
    {
        var payload = new byte[random.Next(1, 1000)];
        random.NextBytes(payload);
        var sequence = (ushort)random.Next(65536);
        var packet = Samples.Rtp(sequence, (uint)random.NextInt64(1L << 32), payload, Ids, "h", marker: true, transportSequence: 513,
            audioLevel: 0x85);
        Assert.True(RtpHeader.TryParse(packet, out var header));
        Assert.Equal(sequence, header.Sequence);
        Assert.True(header.Marker);
        Assert.Equal(payload, packet.AsSpan(header.HeaderLength, header.PayloadLength).ToArray());
        var extensions = PacketExtensions.Read(packet, header, Ids);
        Assert.Equal(513, extensions.TransportSequence);
        Assert.Equal(0x85, extensions.AudioLevel);
        Assert.Equal("h", Encoding.ASCII.GetString(extensions.Rid));
        Assert.True(extensions.Mid.IsEmpty);
    });

    [Fact]
    public void Two_byte_extensions_contributing_sources_and_padding_are_understood()
    {
        var packet = Convert.FromHexString("B2600001000000010000000A" + "0000000100000002" + "10000002" + "0402ABCD" + "05010700" + "AABB"
            + "0003");
        packet[^1] = 2;
        packet[^2] = 0;
        Assert.True(RtpHeader.TryParse(packet, out var header));
        Assert.Equal(2, header.PaddingLength);
        Assert.Equal(2, header.PayloadLength);
        var extensions = PacketExtensions.Read(packet, header, Ids);
        Assert.Equal(0xABCD, extensions.TransportSequence);
        Assert.Equal(7, extensions.AudioLevel);
    }

    [Fact]
    public void Padding_longer_than_the_payload_is_refused()
    {
        var packet = Samples.Rtp(1, 1, [1, 2, 3, 200]);
        packet[0] |= 0x20;
        Assert.False(RtpHeader.TryParse(packet, out _));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(32)]
    public void A_counter_is_followed_over_its_wraps_in_disorder(int bits) => Seeds.Run(100, random =>
    {
        var unwrapper = new Unwrapper(bits);
        var range = 1L << bits;
        var truth = random.NextInt64(range);
        var offset = unwrapper.Unwrap(truth) - truth;
        for (var i = 0; i < 2000; i++)
        {
            truth += random.NextInt64(Math.Max(2, range / 5));
            Assert.Equal(truth + offset, unwrapper.Unwrap(truth % range));
            var late = Math.Max(0, truth - random.NextInt64(range / 4));
            Assert.Equal(late + offset, unwrapper.Unwrap(late % range));
            Assert.Equal(truth + offset, unwrapper.Highest);
        }
    });

    [Fact]
    public void Vp8_descriptors_read_back_and_rewrite_in_place() => Seeds.Run(300, random =>
    {
        int picture = random.Next(32768), tl0 = random.Next(256), temporal = random.Next(3);
        var key = random.Next(2) == 0;
        var payload = Samples.Vp8(key, picture, tl0, temporal, 200);
        Assert.True(Vp8Descriptor.TryParse(payload, out var descriptor));
        Assert.Equal((picture, tl0, temporal, key),
            (descriptor.PictureId, descriptor.Tl0PictureIndex, descriptor.TemporalId, descriptor.KeyFrame));
        Assert.Equal(key ? (640, 360) : (0, 0), (descriptor.Width, descriptor.Height));
        descriptor.Rewrite(payload, 32768 + 5, 256 + 6);
        Assert.True(Vp8Descriptor.TryParse(payload, out var rewritten));
        Assert.Equal((5, 6, temporal, key), (rewritten.PictureId, rewritten.Tl0PictureIndex, rewritten.TemporalId, rewritten.KeyFrame));
    });

    [Fact]
    public void H264_key_frames_and_their_size_are_found_in_every_packing()
    {
        Assert.True(FrameInfo.TryRead(Codec.H264, Samples.H264KeyFrame, out var aggregate));
        Assert.True(aggregate.KeyFrameStart);
        Assert.Equal((640, 360), (aggregate.Width, aggregate.Height));
        Assert.True(H264.IsKeyFrameStart([0x7C, 0x85, 0]));   // FU-A, start of an IDR slice
        Assert.False(H264.IsKeyFrameStart([0x7C, 0x05, 0]));  // its continuation
        Assert.False(H264.IsKeyFrameStart([0x61, 0x9A]));     // a slice that refers to others
        Assert.False(H264.IsKeyFrameStart([0x78, 0, 2, 0x61, 0x9A]));
    }
}
