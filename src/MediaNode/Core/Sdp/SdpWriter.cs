using System.Text;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Sdp;

/// <summary>What is answered for one section of an offer, or offered in one of ours.</summary>
public abstract record SectionAnswer
{
    private SectionAnswer() { }

    /// <summary>Not wanted at all: port 0, outside the bundle.</summary>
    public sealed record Refused : SectionAnswer;
    /// <summary>Kept for later; nothing flows.</summary>
    public sealed record Idle : SectionAnswer;
    /// <summary>Data channels.</summary>
    public sealed record Data : SectionAnswer;
    /// <summary>The client's media is received here.</summary>
    /// <param name="Rids">Those accepted, in the offer's order; empty without simulcast.</param>
    public sealed record Receive(SdpFormat Format, byte RtxPayloadType, IReadOnlyList<SdpRid> Rids) : SectionAnswer;
    /// <summary>Somebody's media is sent to the client here.</summary>
    /// <param name="Stream">What the client takes as the stream's id; it carries the publisher.</param>
    public sealed record Send(SdpFormat Format, byte RtxPayloadType, string Stream, string Track, uint Ssrc, uint RtxSsrc,
        string CanonicalName) : SectionAnswer;
}

/// <summary>Our side of the transport.</summary>
/// <param name="Candidates">Address and UDP port, each a host candidate.</param>
public sealed record SdpTransport(string IceFragment, string IcePassword, string Fingerprint,
    IReadOnlyList<(string Address, int Port)> Candidates)
{
    /// <summary>Address and TCP port, where clients may connect (RFC 6544).</summary>
    public IReadOnlyList<(string Address, int Port)> TcpCandidates { get; init; } = [];

    /// <summary>We take the client's handshake; an offer has to leave the choice (RFC 8842 §5.2), and clients choose to begin.</summary>
    public bool IsOffered { get; init; }
}

/// <summary>Writes our descriptions: ICE-lite, one bundle, RTCP multiplexed, DTLS passive.</summary>
public static class SdpWriter
{
    /// <summary>Header extensions that the engine reads or writes; all others are left out of the answer.</summary>
    public static readonly IReadOnlySet<string> Extensions = new HashSet<string>(StringComparer.Ordinal) { Mid, Rid, RepairedRid,
        TransportSequence, AudioLevel };
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    public const string Rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    public const string RepairedRid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    public const string TransportSequence = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    public const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    private static readonly string[] VideoFeedback = ["transport-cc", "ccm fir", "nack", "nack pli"];
    private static readonly string[] AudioFeedback = ["transport-cc"]; // no history is kept of audio: a NACK could not be answered
    // RFC 8445 §5.1.2.1: type preference of host candidates, the highest local preference, component 1.
    private const uint HostPriority = 2_130_706_431;
    // RFC 6544 §4.2: below UDP's, and 4 of 7 for passive candidates, above anything else a local preference says. As libwebrtc, 90 for
    // hosts over TCP: before all relays.
    private const uint TcpHostPriority = (90u << 24) | (((4u << 13) | 0x1FFF) << 8) | 255;

    /// <param name="offer">The client's, or the outline of ours.</param>
    /// <param name="sections">One for each section of the offer, in its order.</param>
    public static string Write(SdpDescription offer, IReadOnlyList<SectionAnswer> sections, SdpTransport transport, ulong session,
        ulong version)
    {
        var text = new StringBuilder(1024 + 512 * sections.Count);
        text.Append("v=0\r\no=- ").Append(session).Append(' ').Append(version)
            .Append(" IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n");
        WriteBundle(text, offer, sections);
        if (offer.MixesExtensions) text.Append("a=extmap-allow-mixed\r\n");
        text.Append("a=msid-semantic: WMS *\r\n");
        for (var i = 0; i < sections.Count; i++) WriteSection(text, offer.Media[i], sections[i], transport);
        return text.ToString();
    }

    /// <summary>What is accepted, in the group's own order: the first names the transport on both sides (RFC 9143 §7.3).</summary>
    private static void WriteBundle(StringBuilder text, SdpDescription offer, IReadOnlyList<SectionAnswer> sections)
    {
        if (offer.Bundle.Count == 0) return; // none was offered, none may be answered
        text.Append("a=group:BUNDLE");
        foreach (var mid in offer.Bundle)
            if (offer.IndexOf(mid) is >= 0 and var at && sections[at] is not SectionAnswer.Refused) text.Append(' ').Append(mid);
        text.Append("\r\n");
    }

    /// <summary>The client's own name for the section, when it has one.</summary>
    private static void WriteMid(StringBuilder text, SdpMedia media)
    {
        if (media.OfferedMid.Length > 0) text.Append("a=mid:").Append(media.OfferedMid).Append("\r\n");
    }

    private static void WriteSection(StringBuilder text, SdpMedia media, SectionAnswer answer, SdpTransport transport)
    {
        if (answer is SectionAnswer.Refused)
        {
            text.Append("m=").Append(media.Kind).Append(" 0 ").Append(media.Protocol).Append(' ').Append(media.FormatList)
                .Append("\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n");
            WriteMid(text, media);
            return;
        }
        if (answer is SectionAnswer.Data)
        {
            WriteData(text, media, transport);
            return;
        }
        var (format, rtx) = answer switch
        {
            SectionAnswer.Receive receive => (receive.Format, receive.RtxPayloadType),
            SectionAnswer.Send send => (send.Format, send.RtxPayloadType),
            _ => (media.Formats.FirstOrDefault(known => known.IsMedia) ?? media.Formats[0], (byte)0),
        };
        text.Append("m=").Append(media.Kind).Append(" 9 ").Append(media.Protocol).Append(' ').Append(format.PayloadType);
        if (rtx != 0) text.Append(' ').Append(rtx);
        text.Append("\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n");
        WriteMid(text, media);
        WriteTransport(text, media, transport);
        foreach (var (id, uri) in media.Extensions)
            if (Takes(id, uri)) text.Append("a=extmap:").Append(id).Append(' ').Append(uri).Append("\r\n");
        WriteFormat(text, media, format, rtx);
        WriteDirection(text, answer);
    }

    /// <summary>RFC 8841.</summary>
    private static void WriteData(StringBuilder text, SdpMedia media, SdpTransport transport)
    {
        text.Append("m=").Append(media.Kind).Append(" 9 ").Append(media.Protocol).Append(' ').Append(media.FormatList)
            .Append("\r\nc=IN IP4 0.0.0.0\r\n");
        WriteMid(text, media);
        WriteTransport(text, media, transport);
        text.Append("a=sctp-port:").Append(SctpOptions.Port).Append("\r\na=max-message-size:").Append(SctpOptions.MaxMessageOctets)
            .Append("\r\n");
    }

    /// <summary>What we write has ids of one octet's upper half, 1 to 14 (RFC 8285 §4.2); what we only read may have any.</summary>
    public static bool Takes(byte id, string uri) => Extensions.Contains(uri) && (id <= 14 || uri != TransportSequence);

    private static void WriteTransport(StringBuilder text, SdpMedia media, SdpTransport transport)
    {
        text.Append("a=ice-ufrag:").Append(transport.IceFragment).Append("\r\na=ice-pwd:").Append(transport.IcePassword)
            .Append("\r\na=fingerprint:").Append(transport.Fingerprint)
            .Append(transport.IsOffered ? "\r\na=setup:actpass\r\n" : "\r\na=setup:passive\r\n");
        if (media.Multiplexes) text.Append("a=rtcp-mux\r\n");
        if (media.ReducesReports) text.Append("a=rtcp-rsize\r\n");
        WriteCandidates(text, transport);
        text.Append("a=end-of-candidates\r\n");
    }

    private static void WriteCandidates(StringBuilder text, SdpTransport transport)
    {
        var foundation = 0;
        foreach (var (address, port) in transport.Candidates)
            text.Append("a=candidate:").Append(foundation + 1).Append(" 1 udp ").Append(HostPriority - (uint)foundation++).Append(' ')
                .Append(address).Append(' ').Append(port).Append(" typ host\r\n");
        var before = foundation;
        foreach (var (address, port) in transport.TcpCandidates)
            text.Append("a=candidate:").Append(foundation + 1).Append(" 1 tcp ")
                .Append(TcpHostPriority - ((uint)(foundation++ - before) << 8)).Append(' ')
                .Append(address).Append(' ').Append(port).Append(" typ host tcptype passive\r\n");
    }

    private static void WriteFormat(StringBuilder text, SdpMedia media, SdpFormat format, byte rtx)
    {
        text.Append("a=rtpmap:").Append(format.PayloadType).Append(' ').Append(format.Name).Append('/').Append(format.ClockRate);
        text.Append(format.Channels > 0 ? $"/{format.Channels}\r\n" : "\r\n");
        if (format.Parameters.Length > 0)
            text.Append("a=fmtp:").Append(format.PayloadType).Append(' ').Append(format.Parameters).Append("\r\n");
        foreach (var feedback in media.IsAudio ? AudioFeedback : VideoFeedback)
            if (format.Feedback.Contains(feedback, StringComparer.Ordinal))
                text.Append("a=rtcp-fb:").Append(format.PayloadType).Append(' ').Append(feedback).Append("\r\n");
        if (rtx != 0)
            text.Append("a=rtpmap:").Append(rtx).Append(" rtx/").Append(format.ClockRate).Append("\r\na=fmtp:").Append(rtx).Append(" apt=")
                .Append(format.PayloadType).Append("\r\n");
    }

    private static void WriteDirection(StringBuilder text, SectionAnswer answer)
    {
        switch (answer)
        {
            case SectionAnswer.Receive receive:
                text.Append("a=recvonly\r\n");
                if (receive.Rids.Count == 0) break;
                foreach (var rid in receive.Rids) text.Append("a=rid:").Append(rid.Rid).Append(" recv\r\n");
                text.Append("a=simulcast:recv ").AppendJoin(';', receive.Rids.Select(rid => rid.Paused ? "~" + rid.Rid : rid.Rid))
                    .Append("\r\n");
                break;
            case SectionAnswer.Send send:
                text.Append("a=sendonly\r\na=msid:").Append(send.Stream).Append(' ').Append(send.Track).Append("\r\n");
                if (send.RtxSsrc != 0) text.Append("a=ssrc-group:FID ").Append(send.Ssrc).Append(' ').Append(send.RtxSsrc).Append("\r\n");
                text.Append("a=ssrc:").Append(send.Ssrc).Append(" cname:").Append(send.CanonicalName).Append("\r\n");
                if (send.RtxSsrc != 0)
                    text.Append("a=ssrc:").Append(send.RtxSsrc).Append(" cname:").Append(send.CanonicalName).Append("\r\n");
                break;
            default: text.Append("a=inactive\r\n"); break;
        }
    }
}
