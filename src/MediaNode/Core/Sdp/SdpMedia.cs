using VideoScale.MediaNode.Codecs;

namespace VideoScale.MediaNode.Sdp;

/// <summary>Which way media flows, as the offerer sees it (RFC 8866 §6.7).</summary>
public enum SdpDirection : byte { SendReceive = 0, SendOnly = 1, ReceiveOnly = 2, Inactive = 3 }

/// <summary>One encoding that the offerer means to send (RFC 8851, RFC 8853).</summary>
/// <param name="Paused">Offered as "~rid": announced, not sent now.</param>
public readonly record struct SdpRid(string Rid, bool Paused);

/// <summary>One stream that the offerer means to send, and the one of its retransmissions; 0 when that is not told.</summary>
public readonly record struct SdpSource(uint Ssrc, uint RtxSsrc);

/// <summary>One m= section of an offer.</summary>
public sealed record SdpMedia
{
    /// <summary>"audio", "video" or "application".</summary>
    public required string Kind { get; init; }
    public required string Protocol { get; init; }
    /// <summary>As in the m= line, for a section that is refused.</summary>
    public required string FormatList { get; init; }
    /// <summary>
    /// False when nothing can flow: the offerer has given it up (port 0 and not bundle-only), or it has no part in the connection.
    /// </summary>
    public required bool IsUsed { get; init; }
    /// <summary>Where the offer gives it none, one of ours that no other section has.</summary>
    public string Mid { get; init; } = "";
    /// <summary>The offerer has not given it up, whether or not it can be used.</summary>
    public bool IsOffered { get; init; }
    /// <summary>As offered, for the answer; empty when the offer gives it none.</summary>
    public string OfferedMid { get; init; } = "";
    public SdpDirection Direction { get; init; }
    public IReadOnlyList<SdpFormat> Formats { get; init; } = [];
    /// <summary>Header extensions by id, in order of appearance.</summary>
    public IReadOnlyList<(byte Id, string Uri)> Extensions { get; init; } = [];
    public IReadOnlyList<SdpRid> Rids { get; init; } = [];
    /// <summary>Track id of a=msid; for browsers the id of the MediaStreamTrack.</summary>
    public string TrackId { get; init; } = "";
    /// <summary>
    /// Where no rids are used: the streams by their sources, from the smallest to the largest (a=ssrc-group:SIM, FID; a=ssrc); empty when
    /// not told.
    /// </summary>
    public IReadOnlyList<SdpSource> Sources { get; init; } = [];
    /// <summary>RTP and RTCP share a port (a=rtcp-mux).</summary>
    public bool Multiplexes { get; init; }
    public bool ReducesReports { get; init; }

    public bool IsAudio => Kind == "audio";
    public bool IsVideo => Kind == "video";
    /// <summary>Data channels over the connection's own transport, as every browser has offered them since 2019.</summary>
    public bool IsData => Kind == "application" && FormatList == "webrtc-datachannel"
        && Protocol.Equals("UDP/DTLS/SCTP", StringComparison.OrdinalIgnoreCase);
    public bool Sends => IsUsed && Direction is (SdpDirection.SendReceive or SdpDirection.SendOnly);
    public bool Receives => IsUsed && Direction is (SdpDirection.SendReceive or SdpDirection.ReceiveOnly);

    /// <summary>Of a codec the variant that most can take.</summary>
    public SdpFormat? Find(Codec codec)
    {
        SdpFormat? best = null;
        foreach (var format in Formats)
            if (format.Variant is { } variant && variant.Codec == codec && (best is null || variant.Rank < best.Variant!.Value.Rank))
                best = format;
        return best;
    }

    /// <summary>The format that takes a stream of a variant: the very one, else one that includes it.</summary>
    public SdpFormat? Find(CodecVariant stream)
    {
        SdpFormat? found = null;
        foreach (var format in Formats)
        {
            if (format.Variant is not { } variant) continue;
            if (variant == stream) return format;
            if (found is null && stream.FitsIn(variant)) found = format;
        }
        return found;
    }

    /// <summary>The payload type that repairs another; 0 when there is none.</summary>
    public byte RtxOf(byte payloadType)
    {
        foreach (var format in Formats) if (format.RepairsType == payloadType) return format.PayloadType;
        return 0;
    }
}
