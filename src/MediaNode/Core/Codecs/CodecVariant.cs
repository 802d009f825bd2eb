namespace VideoScale.MediaNode.Codecs;

/// <summary>A codec with what of its parameters decides who can take a stream of it.</summary>
/// <param name="Profile">H.264: one of <see cref="H264Profile"/>; VP9 and AV1: the profile's number; else 0.</param>
/// <param name="PacketizationMode">H.264 alone (RFC 6184 §6): 0 for whole NAL units, 1 for aggregates and fragments too.</param>
public readonly record struct CodecVariant(Codec Codec, int Profile = 0, int PacketizationMode = 0)
{
    /// <summary>Among what a publisher offers of one codec the smallest is taken: that most viewers have.</summary>
    public int Rank => Codec is Codec.H264 ? 2 * Profile + (PacketizationMode == 1 ? 0 : 1) : Profile;

    /// <summary>Whether who negotiated another variant can take a stream of this one. Levels may differ, as browsers allow.</summary>
    public bool FitsIn(CodecVariant receiver) =>
        Codec == receiver.Codec && PacketizationMode <= receiver.PacketizationMode
        && (Profile == receiver.Profile || (Codec is Codec.H264 && H264Profile.Includes(receiver.Profile, Profile)));
}

/// <summary>
/// H.264's profiles as profile-level-id names them (RFC 6184 §8.1, ITU-T H.264 A.2), from what most decode to what fewest do.
/// </summary>
public static class H264Profile
{
    /// <summary>Baseline stands for the same: no browser sends what it has beyond the constrained one.</summary>
    public const int ConstrainedBaseline = 0;
    public const int ConstrainedHigh = 1;
    public const int Main = 2;
    public const int High = 3;
    private const int Other = 4;

    /// <summary>Of "640c1f": profile_idc, constraint flags, level. Null when it is none.</summary>
    public static int? Read(ReadOnlySpan<char> profileLevelId)
    {
        if (profileLevelId.Length != 6 || !uint.TryParse(profileLevelId, System.Globalization.NumberStyles.AllowHexSpecifier,
            System.Globalization.CultureInfo.InvariantCulture, out var id)) return null;
        var (profile, constraints) = ((int)(id >> 16), (int)(id >> 8 & 0xFF));
        return profile switch
        {
            0x42 => ConstrainedBaseline,
            0x4D => (constraints & 0x80) != 0 ? ConstrainedBaseline : Main, // constraint_set0: a baseline decoder can take it
            0x58 when (constraints & 0x80) != 0 => ConstrainedBaseline,
            0x64 => (constraints & 0x0C) == 0x0C ? ConstrainedHigh : High,
            _ => Other + profile,
        };
    }

    /// <summary>A profile as profile-level-id, at level 3.1; null for one that is not named here.</summary>
    public static string? Name(int profile) => profile switch
    {
        ConstrainedBaseline => "42e01f",
        ConstrainedHigh => "640c1f",
        Main => "4d001f",
        High => "64001f",
        _ => null,
    };

    /// <summary>Whether a decoder of one profile takes streams of another, by the profiles' own definitions.</summary>
    public static bool Includes(int decoder, int stream) => (decoder, stream) is
        (ConstrainedHigh or Main or High, ConstrainedBaseline) or (High, ConstrainedHigh or Main);
}

/// <summary>Names of codecs, in rtpmap and as MIME types.</summary>
public static class CodecNames
{
    /// <summary>As LiveKit's clients know it, e.g. "video/VP8".</summary>
    public static string Mime(Codec codec) => codec is Codec.Opus ? "audio/opus"
        : $"video/{codec switch { Codec.Vp8 => "VP8", Codec.Vp9 => "VP9", Codec.Av1 => "AV1", _ => "H264" }}";

    /// <summary>By "VP8" or "video/vp8", in any case; null for a codec that is not forwarded.</summary>
    public static Codec? Find(string name)
    {
        var bare = name.AsSpan(name.IndexOf('/', StringComparison.Ordinal) + 1);
        foreach (var codec in Enum.GetValues<Codec>())
            if (bare.Equals(codec.ToString(), StringComparison.OrdinalIgnoreCase)) return codec;
        return null;
    }
}
