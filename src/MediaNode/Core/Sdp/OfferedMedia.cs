using VideoScale.MediaNode.Codecs;

namespace VideoScale.MediaNode.Sdp;

/// <summary>Sections of our own offers: what of a codec is offered under which number.</summary>
/// <remarks>
/// In one bundle a payload type means the same everywhere (RFC 9143 §9.1), and after a move of the room another node's offers have to go
/// on with what a client was told: each variant has a number of its own, for good.
/// </remarks>
public static class OfferedMedia
{
    private const byte FirstH264 = 112, FirstVp9 = 98, FirstAv1 = 45, Vp8 = 96, Opus = 111, StereoOpus = 110;
    private const string Rtp = "UDP/TLS/RTP/SAVPF";
    private static readonly string[] VideoFeedback = ["transport-cc", "ccm fir", "nack", "nack pli"];
    private static readonly string[] AudioFeedback = ["transport-cc"];
    private static readonly (byte, string)[] VideoExtensions = [(3, SdpWriter.TransportSequence), (4, SdpWriter.Mid)];
    private static readonly (byte, string)[] AudioExtensions = [(2, SdpWriter.AudioLevel), .. VideoExtensions];

    /// <summary>The section of data channels.</summary>
    public static SdpMedia Data(string mid) => Section("application", "UDP/DTLS/SCTP", mid) with
    {
        FormatList = "webrtc-datachannel",
        Multiplexes = false,
        ReducesReports = false,
    };

    /// <summary>A section that carries nothing yet, or nothing any more.</summary>
    public static SdpMedia Resting(string mid, bool isVideo) => Track(mid, new CodecVariant(isVideo ? Codec.Vp8 : Codec.Opus), false)!;

    /// <summary>A section for a track; null for a variant that has no number, since hardly anybody could decode it.</summary>
    public static SdpMedia? Track(string mid, CodecVariant variant, bool isStereo)
    {
        if (variant.Codec is Codec.Opus)
        {
            var opus = new SdpFormat(isStereo ? StereoOpus : Opus, "opus", 48_000,
                OpusParameters.ForViewer("minptime=10;useinbandfec=1", isStereo), AudioFeedback, -1)
            { Channels = 2 };
            return Section("audio", Rtp, mid) with { FormatList = $"{opus.PayloadType}", Formats = [opus], Extensions = AudioExtensions };
        }
        if (Number(variant) is not { } type) return null;
        var repairs = (byte)(type + 1);
        var format = new SdpFormat(type, variant.Codec.ToString().ToUpperInvariant(), 90_000, Parameters(variant), VideoFeedback, -1);
        var rtx = new SdpFormat(repairs, "rtx", 90_000, $"apt={type}", [], type);
        return Section("video", Rtp, mid) with
        {
            FormatList = $"{type} {repairs}",
            Formats = [format, rtx],
            Extensions = VideoExtensions,
        };
    }

    private static SdpMedia Section(string kind, string protocol, string mid) => new()
    {
        Kind = kind,
        Protocol = protocol,
        FormatList = "",
        IsUsed = true,
        IsOffered = true,
        Mid = mid,
        OfferedMid = mid,
        Multiplexes = true,
        ReducesReports = true,
    };

    /// <summary>Its repairs have the next one.</summary>
    private static byte? Number(CodecVariant variant) => variant switch
    {
        { Codec: Codec.Vp8 } => Vp8,
        { Codec: Codec.Vp9, Profile: <= 3 } => (byte)(FirstVp9 + 2 * variant.Profile),
        { Codec: Codec.Av1, Profile: <= 2 } => (byte)(FirstAv1 + 2 * variant.Profile),
        { Codec: Codec.H264, Profile: <= H264Profile.High } => (byte)(FirstH264 + 2 * variant.Rank),
        _ => null,
    };

    private static string Parameters(CodecVariant variant) => variant.Codec switch
    {
        Codec.Vp9 => $"profile-id={variant.Profile}",
        Codec.Av1 => $"level-idx=5;profile={variant.Profile};tier=0",
        Codec.H264 => $"level-asymmetry-allowed=1;packetization-mode={variant.PacketizationMode};"
            + $"profile-level-id={H264Profile.Name(variant.Profile)}",
        _ => "",
    };
}
