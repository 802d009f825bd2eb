namespace VideoScale.MediaNode.Tests.Sdp;

/// <summary>Offers in the shape of Chromium's, shortened to what matters.</summary>
internal static class Offers
{
    internal const string Fingerprint =
        "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

    internal static string Of(string fragment, params string[] sections) =>
        Lines("v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", $"a=group:BUNDLE {string.Join(' ', Enumerable.Range(0, sections.Length))}",
            "a=extmap-allow-mixed")
        + string.Concat(sections.Select((section, i) => section.Replace("@MID", $"{i}", StringComparison.Ordinal)
            .Replace("@UFRAG", fragment, StringComparison.Ordinal)));

    internal static string Audio(string direction, string track = "mic") => Section("audio", "111 63", direction, track,
        "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-fb:111 transport-cc", "a=rtpmap:63 red/48000/2",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=ssrc:1001 cname:x");

    internal static string Video(string direction, string track = "cam") => Section("video", "96 97 103 104", direction, track,
        "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack",
            "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
        "a=rtpmap:103 H264/90000", "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
            "a=rtpmap:104 rtx/90000", "a=fmtp:104 apt=103",
        "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            "a=extmap:13 urn:3gpp:video-orientation");

    internal static string Simulcast(string rids = "q;h;f") =>
        Video("sendonly") + Lines("a=rid:q send", "a=rid:h send", "a=rid:f send", $"a=simulcast:send {rids}");

    internal static string Data => Lines("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:@UFRAG",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx", $"a=fingerprint:{Fingerprint}", "a=setup:actpass", "a=mid:@MID", "a=sctp-port:5000");

    private static string Section(string kind, string formats, string direction, string track, params string[] attributes) => Lines(
    [
        $"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0", "a=ice-ufrag:@UFRAG", "a=ice-pwd:abcdefghijklmnopqrstuvwx",
            $"a=fingerprint:{Fingerprint}", "a=setup:actpass", "a=mid:@MID",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        $"a={direction}", .. direction is "sendonly" or "sendrecv" ? [$"a=msid:- {track}"] : Array.Empty<string>(), "a=rtcp-mux",
            "a=rtcp-rsize", .. attributes,
    ]);

    private static string Lines(params string[] lines) => string.Concat(lines.Select(line => line + "\r\n"));
}
