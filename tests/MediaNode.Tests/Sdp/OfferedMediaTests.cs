using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Sdp;

namespace VideoScale.MediaNode.Tests.Sdp;

/// <summary>What of a codec we offer under which number.</summary>
public sealed class OfferedMediaTests
{
    private static readonly CodecVariant[] All =
    [
        new(Codec.Opus), new(Codec.Vp8), .. Enumerable.Range(0, 4).Select(profile => new CodecVariant(Codec.Vp9, profile)),
        .. Enumerable.Range(0, 3).Select(profile => new CodecVariant(Codec.Av1, profile)),
        .. Enumerable.Range(0, 8).Select(i => new CodecVariant(Codec.H264, i / 2, i % 2)),
    ];

    /// <summary>A client reads of it the very variant that it will be sent, and takes no number for two things.</summary>
    [Fact]
    public void Each_variant_is_offered_as_what_it_is_under_numbers_of_its_own()
    {
        var sections = All.Select((variant, i) => OfferedMedia.Track($"{i}", variant, isStereo: false)!)
            .Append(OfferedMedia.Track("stereo", new CodecVariant(Codec.Opus), isStereo: true)!).ToList();
        var offer = new SdpDescription { Media = sections, Bundle = [.. sections.Select(section => section.Mid)] };
        var text = SdpWriter.Write(offer, [.. sections.Select(section => new SectionAnswer.Send(section.Formats[0],
            section.RtxOf(section.Formats[0].PayloadType), "stream", "track", 1, 2, "name"))],
            new SdpTransport("abcd", "abcdefghijklmnopqrstuvwx", Offers.Fingerprint, [("127.0.0.1", 1)]), 1, 1);
        var read = SdpParser.Parse(text).Description!.Media;
        Assert.Equal(All.Append(new CodecVariant(Codec.Opus)), read.Select(section => section.Formats[0].Variant!.Value));
        var numbers = read.SelectMany(section => section.Formats).Select(format => (int)format.PayloadType).ToList();
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        Assert.All(numbers, number => Assert.True(number is >= 35 and <= 63 or >= 96 and <= 127, $"{number} may be RTCP (RFC 5761)"));
        Assert.All(read.Where(section => section.IsVideo), section => Assert.NotEqual(0, section.RtxOf(section.Formats[0].PayloadType)));
    }

    [Fact]
    public void What_hardly_anybody_decodes_is_not_offered()
    {
        Assert.Null(OfferedMedia.Track("1", new CodecVariant(Codec.Vp9, 4), isStereo: false));
        Assert.Null(OfferedMedia.Track("1", new CodecVariant(Codec.H264, H264Profile.Read("f4001f")!.Value, 1), isStereo: false));
    }
}
