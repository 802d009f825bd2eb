using VideoScale.MediaNode.Codecs;

namespace VideoScale.MediaNode.Sdp;

/// <summary>Which way media flows, as the offerer sees it (RFC 8866 §6.7).</summary>
public enum SdpDirection : byte { SendReceive = 0, SendOnly = 1, ReceiveOnly = 2, Inactive = 3 }

/// <summary>One payload type of a media section.</summary>
/// <param name="Name">As in rtpmap, e.g. "VP8".</param>
/// <param name="Parameters">fmtp; empty when there is none.</param>
/// <param name="RepairsType">For rtx: the payload type it repairs; else -1.</param>
public sealed record SdpFormat(byte PayloadType, string Name, int ClockRate, string Parameters, IReadOnlyList<string> Feedback, int RepairsType)
{
    public bool Is(Codec codec) => codec switch
    {
        Codec.Opus => Name.Equals("opus", StringComparison.OrdinalIgnoreCase),
        Codec.Vp8 => Name.Equals("VP8", StringComparison.OrdinalIgnoreCase),
        // Only non-interleaved packets can be told apart without state (RFC 6184 §6.2); baseline is what every browser decodes.
        Codec.H264 => Name.Equals("H264", StringComparison.OrdinalIgnoreCase) && HasParameter("packetization-mode=1") && Parameters.Contains("profile-level-id=42", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private bool HasParameter(string parameter)
    {
        foreach (var part in Parameters.Split(';')) if (part.Trim().Equals(parameter, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}

/// <summary>One encoding that the offerer means to send (RFC 8851, RFC 8853).</summary>
/// <param name="Paused">Offered as "~rid": announced, not sent now.</param>
public readonly record struct SdpRid(string Rid, bool Paused);

/// <summary>One m= section of an offer.</summary>
public sealed record SdpMedia
{
    /// <summary>"audio", "video" or "application".</summary>
    public required string Kind { get; init; }
    public required string Protocol { get; init; }
    /// <summary>As in the m= line, for a section that is refused.</summary>
    public required string FormatList { get; init; }
    /// <summary>False with port 0: the offerer has given the section up, unless it stands in the bundle as bundle-only.</summary>
    public required bool IsUsed { get; init; }
    public string Mid { get; init; } = "";
    public SdpDirection Direction { get; init; }
    public IReadOnlyList<SdpFormat> Formats { get; init; } = [];
    /// <summary>Header extensions by id, in order of appearance.</summary>
    public IReadOnlyList<(byte Id, string Uri)> Extensions { get; init; } = [];
    public IReadOnlyList<SdpRid> Rids { get; init; } = [];
    /// <summary>Track id of a=msid; for browsers the id of the MediaStreamTrack.</summary>
    public string TrackId { get; init; } = "";
    /// <summary>Where no rids are used: the stream's source and its retransmissions' (a=ssrc, a=ssrc-group:FID); 0 when not told.</summary>
    public uint Ssrc { get; init; }
    public uint RtxSsrc { get; init; }

    public bool IsAudio => Kind == "audio";
    public bool IsVideo => Kind == "video";
    public bool Sends => IsUsed && Direction is (SdpDirection.SendReceive or SdpDirection.SendOnly);
    public bool Receives => IsUsed && Direction is (SdpDirection.SendReceive or SdpDirection.ReceiveOnly);

    public SdpFormat? Find(Codec codec)
    {
        foreach (var format in Formats) if (format.Is(codec)) return format;
        return null;
    }

    /// <summary>The payload type that repairs another; 0 when there is none.</summary>
    public byte RtxOf(byte payloadType)
    {
        foreach (var format in Formats) if (format.RepairsType == payloadType) return format.PayloadType;
        return 0;
    }
}

/// <summary>An offer of a client, all of it on one transport (BUNDLE, RFC 9143).</summary>
public sealed record SdpOffer
{
    public required string IceFragment { get; init; }
    public required string IcePassword { get; init; }
    /// <summary>"sha-256 AB:CD:…".</summary>
    public required string Fingerprint { get; init; }
    public required IReadOnlyList<SdpMedia> Media { get; init; }
    /// <summary>Mids of a=group:BUNDLE.</summary>
    public required IReadOnlyList<string> Bundle { get; init; }

    /// <summary>Where the section of a mid stands; -1 when there is none.</summary>
    public int IndexOf(string mid)
    {
        for (var i = 0; i < Media.Count; i++) if (Media[i].Mid == mid) return i;
        return -1;
    }
}
