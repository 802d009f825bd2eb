using System.Globalization;
using VideoScale.MediaNode.Codecs;

namespace VideoScale.MediaNode.Sdp;

/// <summary>One payload type of a media section.</summary>
/// <param name="Name">As in rtpmap, e.g. "VP8".</param>
/// <param name="Parameters">fmtp; empty when there is none.</param>
/// <param name="RepairsType">For rtx: the payload type it repairs; else -1.</param>
public sealed record SdpFormat(byte PayloadType, string Name, int ClockRate, string Parameters, IReadOnlyList<string> Feedback,
    int RepairsType)
{
    /// <summary>Behind the clock rate in rtpmap; 0 when it is not told.</summary>
    public int Channels { get; init; }
    /// <summary>Null for what cannot be forwarded.</summary>
    public CodecVariant? Variant { get; } = ReadVariant(Name, ClockRate, Parameters);

    /// <summary>Whether it carries media, and not repairs or copies of other payload types.</summary>
    public bool IsMedia =>
        RepairsType < 0 && Name.ToUpperInvariant() is not ("RTX" or "RED" or "ULPFEC" or "FLEXFEC-03" or "TELEPHONE-EVENT" or "CN");

    public bool Is(Codec codec) => Variant?.Codec == codec;

    private static CodecVariant? ReadVariant(string name, int clockRate, string parameters)
    {
        if (CodecNames.Find(name) is not { } codec || clockRate != (codec is Codec.Opus ? 48_000 : 90_000)) return null;
        return codec switch
        {
            Codec.H264 => ReadH264(parameters),
            Codec.Vp9 => Number(parameters, "profile-id") is { } profile ? new(codec, profile) : null,
            Codec.Av1 => Number(parameters, "profile") is { } profile ? new(codec, profile) : null,
            _ => new(codec),
        };
    }

    /// <summary>
    /// Without parameters: mode 0 (RFC 6184 §8.1), and the profile that browsers take for it. Interleaved packets (mode 2) cannot be told
    /// apart without state.
    /// </summary>
    private static CodecVariant? ReadH264(string parameters)
    {
        var id = Find(parameters, "profile-level-id");
        var profile = id.Length == 0 ? H264Profile.ConstrainedBaseline : H264Profile.Read(id);
        return profile is { } known && Number(parameters, "packetization-mode") is { } mode and (0 or 1) ? new(Codec.H264, known, mode)
            : null;
    }

    /// <summary>0 when it is not there, null when it is no number.</summary>
    private static int? Number(string parameters, string name)
    {
        var value = Find(parameters, name);
        return value.Length == 0 ? 0 : byte.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : null;
    }

    private static ReadOnlySpan<char> Find(string parameters, string name)
    {
        var text = parameters.AsSpan();
        foreach (var range in text.Split(';'))
        {
            var part = text[range].Trim();
            var equals = part.IndexOf('=');
            if (equals > 0 && part[..equals].TrimEnd().Equals(name, StringComparison.OrdinalIgnoreCase)) return part[(equals + 1)..].Trim();
        }
        return default;
    }
}
