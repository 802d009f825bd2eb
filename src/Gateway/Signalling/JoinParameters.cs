using System.IO.Compression;
using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>Reads the join_request parameter: base64url of a WrappedJoinRequest, whose content may be gzipped.</summary>
internal static class JoinParameters
{
    /// <summary>An offer with a hundred media sections, uncompressed.</summary>
    internal const int MostOctets = 1 << 20;

    /// <returns>Null when the text is not a join request.</returns>
    internal static JoinRequest? Parse(string text)
    {
        if (text.Length is 0 or > MostOctets) return null;
        try
        {
            var wrapped = WrappedJoinRequest.Parser.ParseFrom(Decode(text));
            var content = wrapped.JoinRequest.ToByteArray();
            return JoinRequest.Parser.ParseFrom(wrapped.Compression == WrappedJoinRequest.Types.Compression.Gzip ? Inflate(content)
                : content);
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException or InvalidDataException) { return null; }
    }

    private static byte[] Decode(string text)
    {
        var padded = text.Replace('-', '+').Replace('_', '/').Replace(' ', '+').TrimEnd('=');
        return Convert.FromBase64String(padded.PadRight(padded.Length + (4 - padded.Length % 4) % 4, '='));
    }

    /// <summary>No more than the limit, whatever a small input would inflate to.</summary>
    private static byte[] Inflate(byte[] content)
    {
        using var source = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        Span<byte> part = stackalloc byte[4096];
        for (int read; (read = source.Read(part)) > 0;)
        {
            if (inflated.Length + read > MostOctets) throw new InvalidDataException("the join request is too large");
            inflated.Write(part[..read]);
        }
        return inflated.ToArray();
    }
}
