using System.IO.Compression;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.ControlPlane.Host.Gateway;
using VideoScale.TestKit;

namespace VideoScale.ControlPlane.Tests.Gateway;

public sealed class JoinParametersTests
{
    private static string Wrap(byte[] join, bool gzip)
    {
        using var packed = new MemoryStream();
        if (gzip)
        {
            using var stream = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true);
            stream.Write(join);
        }
        else packed.Write(join);
        var wrapped = new WrappedJoinRequest { Compression = gzip ? WrappedJoinRequest.Types.Compression.Gzip : WrappedJoinRequest.Types.Compression.None };
        if (gzip) packed.Flush();
        wrapped.JoinRequest = ByteString.CopyFrom(packed.ToArray());
        return Convert.ToBase64String(wrapped.ToByteArray()).Replace('+', '-').Replace('/', '_');
    }

    private static readonly JoinRequest Join = new() { ParticipantSid = "PA_1", Reconnect = true, PublisherOffer = new SessionDescription { Id = 7, Sdp = new string('s', 5_000) } };

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_join_request_is_read_packed_or_not_padded_or_not(bool gzip, bool trimmed)
    {
        var text = Wrap(Join.ToByteArray(), gzip);
        Assert.Equal(Join, JoinParameters.Parse(trimmed ? text.TrimEnd('=') : text));
    }

    [Fact]
    public void What_inflates_beyond_measure_is_refused()
    {
        Assert.Null(JoinParameters.Parse(Wrap(new byte[JoinParameters.MostOctets + 1], gzip: true)));
        Assert.Null(JoinParameters.Parse(new string('A', JoinParameters.MostOctets + 1)));
        Assert.Null(JoinParameters.Parse(""));
    }

    [Fact]
    public void Text_of_any_shape_is_read_or_refused() => Seeds.Run(20_000, random =>
    {
        var text = Wrap(Join.ToByteArray(), random.Next(2) == 0).ToCharArray();
        for (var i = random.Next(1, 6); i > 0; i--) text[random.Next(text.Length)] = (char)random.Next(32, 127);
        JoinParameters.Parse(new string(text, 0, random.Next(text.Length + 1)));
    });
}
