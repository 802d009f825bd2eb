using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Gateway.Signalling;
using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

[Collection(nameof(Alone))]
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
        var wrapped = new WrappedJoinRequest
        {
            Compression = gzip ? WrappedJoinRequest.Types.Compression.Gzip
            : WrappedJoinRequest.Types.Compression.None
        };
        if (gzip) packed.Flush();
        wrapped.JoinRequest = ByteString.CopyFrom(packed.ToArray());
        return Convert.ToBase64String(wrapped.ToByteArray()).Replace('+', '-').Replace('/', '_');
    }

    private static readonly JoinRequest Join = new()
    {
        ParticipantSid = "PA_1",
        Reconnect = true,
        PublisherOffer = new SessionDescription { Id = 7, Sdp = new string('s', 5_000) },
    };

    private static readonly JoinRequest Short = new()
    {
        ParticipantSid = "PA_1",
        Reconnect = true,
        ClientInfo = new ClientInfo(),
        PublisherOffer = new SessionDescription { Id = 7, Sdp = "v=0 and more" },
    };

    [LiveKitSurface("Signalling", "/rtc/v1 with join_request", Surface.Served)]
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
    public void Join_requests_of_any_shape_are_read_or_refused() => Fuzz.Run(
        [Encoding.Latin1.GetBytes(Wrap(Short.ToByteArray(), gzip: true)), Encoding.Latin1.GetBytes(Wrap(Short.ToByteArray(), gzip: false)),
            Encoding.Latin1.GetBytes(Wrap(new byte[JoinParameters.MostOctets + 1], gzip: true))],
        input => JoinParameters.Parse(Encoding.Latin1.GetString(input)));

    /// <summary>Below the text, where most changes would be refused by base64 alone.</summary>
    [Fact]
    public void Gzip_of_any_shape_inflates_to_no_more_than_the_limit()
    {
        byte[][] corpus = [.. new[] { Short.ToByteArray(), new byte[JoinParameters.MostOctets + 1], new byte[200_000] }.Select(Pack)];
        Fuzz.Run(corpus, input =>
        {
            var wrapped = new WrappedJoinRequest
            {
                Compression = WrappedJoinRequest.Types.Compression.Gzip,
                JoinRequest = ByteString.CopyFrom(input),
            };
            JoinParameters.Parse(Convert.ToBase64String(wrapped.ToByteArray()));
        }, costs: 40);
    }

    private static byte[] Pack(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) stream.Write(content);
        return packed.ToArray();
    }
}
