using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Sdp;

namespace VideoScale.MediaNode.Tests.Sdp;

public sealed class FormatTests
{
    [Theory]
    [InlineData("minptime=10;useinbandfec=1", true, false, "minptime=10;useinbandfec=1;usedtx=1")]
    [InlineData("minptime=10;useinbandfec=1", false, false, "minptime=10;useinbandfec=1")]
    [InlineData("minptime=10;useinbandfec=1", true, true, "minptime=10;useinbandfec=1;usedtx=1;stereo=1;maxaveragebitrate=510000")]
    [InlineData("minptime=10; Stereo = 1;sprop-stereo=1;useinbandfec=1;usedtx=0;maxaveragebitrate=20000", true, false,
        "minptime=10;useinbandfec=1;usedtx=1")]
    [InlineData("stereo=1;sprop-stereo=1", false, true, "stereo=1;maxaveragebitrate=510000")]
    [InlineData("", true, false, "usedtx=1")]
    [InlineData("", false, false, "")]
    [InlineData(";;minptime=10;", false, false, "minptime=10")]
    public void A_publisher_of_Opus_is_told_how_to_send(string offered, bool dtx, bool stereo, string answered) =>
        Assert.Equal(answered, OpusParameters.ForPublisher(offered, dtx, stereo));

    [Theory]
    [InlineData("minptime=10;useinbandfec=1", true, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1")]
    [InlineData("minptime=10;useinbandfec=1;stereo=1;usedtx=1", false, "minptime=10;useinbandfec=1")]
    [InlineData("", false, "")]
    public void A_viewer_of_Opus_is_told_what_it_will_get(string offered, bool stereo, string answered) =>
        Assert.Equal(answered, OpusParameters.ForViewer(offered, stereo));

    [Theory]
    [InlineData("42001f", H264Profile.ConstrainedBaseline)]
    [InlineData("42e01f", H264Profile.ConstrainedBaseline)]
    [InlineData("42C015", H264Profile.ConstrainedBaseline)]
    [InlineData("4d801f", H264Profile.ConstrainedBaseline)]
    [InlineData("4d001f", H264Profile.Main)]
    [InlineData("4D0032", H264Profile.Main)]
    [InlineData("640c1f", H264Profile.ConstrainedHigh)]
    [InlineData("64001f", H264Profile.High)]
    [InlineData("640028", H264Profile.High)]
    [InlineData("64", null)]
    [InlineData("64zz1f", null)]
    public void A_profile_is_read_and_its_level_left_aside(string id, int? profile) => Assert.Equal(profile, H264Profile.Read(id));

    [Theory]
    [InlineData("H264", "", true)]
    [InlineData("h264", "packetization-mode=0", true)]
    [InlineData("H264", "packetization-mode = 1 ; profile-level-id = 640C1F", true)]
    [InlineData("H264", "packetization-mode=2;profile-level-id=42e01f", false)]
    [InlineData("H264", "profile-level-id=none", false)]
    [InlineData("VP9", "profile-id=2", true)]
    [InlineData("VP9", "profile-id=x", false)]
    [InlineData("AV1", "", true)]
    [InlineData("H265", "profile-id=1", false)]
    [InlineData("opus", "", false)] // at 90 kHz it is none
    public void Only_what_can_be_forwarded_has_a_variant(string name, string parameters, bool has) =>
        Assert.Equal(has, new SdpFormat(96, name, 90_000, parameters, [], -1).Variant is not null);

    /// <summary>What fits is reflexive, follows codecs, and of what a publisher offers the smallest fits most viewers.</summary>
    [Fact]
    public void What_fits_where_is_an_order() => Seeds.Run(2_000, random =>
    {
        CodecVariant Any() => new((Codec)random.Next(1, 6), random.Next(5), random.Next(2));
        var (a, b, c) = (Any(), Any(), Any());
        Assert.True(a.FitsIn(a));
        if (a.FitsIn(b) && b.FitsIn(c)) Assert.True(a.FitsIn(c));
        if (a.FitsIn(b) && b.FitsIn(a)) Assert.Equal(a, b);
        if (a.FitsIn(b)) Assert.Equal(a.Codec, b.Codec);
    });

    [LiveKitSurface("Media", "VP9", Surface.Served, "forwarded whole, without choice of layers inside a stream")]
    [Theory]
    [InlineData("8C8001820178", true)] // I, F=0, B, E: picture 1, no layers, no P
    [InlineData("CC80010000", false)] // P
    [InlineData("84800182", false)] // not the begin of a frame
    [InlineData("AC8001000082", true)] // layer 0
    [InlineData("AC8001020082", false)] // spatial layer 1 of a key picture
    [InlineData("0882", true)] // no picture id
    public void Key_frames_of_VP9_are_found(string payload, bool key)
    {
        Assert.True(FrameInfo.TryRead(Codec.Vp9, Convert.FromHexString(payload), out var frame));
        Assert.Equal(key, frame.KeyFrameStart);
    }

    [Fact]
    public void A_key_frame_of_VP9_tells_the_size_of_its_largest_layer()
    {
        Assert.True(
            FrameInfo.TryRead(Codec.Vp9, Convert.FromHexString("0A" + "30" + "0140" + "00B4" + "0280" + "0168" + "82"), out var frame));
        Assert.Equal((640, 360), (frame.Width, frame.Height));
        Assert.True(FrameInfo.TryRead(Codec.Vp9, Convert.FromHexString("0A" + "3001"), out frame)); // cut short
        Assert.Equal((true, 0), (frame.KeyFrameStart, frame.Width));
    }

    [LiveKitSurface("Media", "AV1", Surface.Served, "forwarded whole, without choice of layers inside a stream")]
    [Theory]
    [InlineData("180A0B", true, true)] // a coded video sequence begins
    [InlineData("100A0B", true, false)]
    [InlineData("980A0B", false, false)] // a fragment that begins a sequence is malformed
    [InlineData("18", false, false)]
    public void Key_frames_of_AV1_are_found(string payload, bool read, bool key)
    {
        Assert.Equal(read, FrameInfo.TryRead(Codec.Av1, Convert.FromHexString(payload), out var frame));
        Assert.Equal(key, frame.KeyFrameStart);
    }
}
