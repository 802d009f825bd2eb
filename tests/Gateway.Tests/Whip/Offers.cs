namespace VideoScale.Gateway.Tests.Whip;

/// <summary>Offers as WHIP clients and WHEP players make them.</summary>
internal static class Offers
{
    internal const string Fragment = "abcd", Password = "0123456789012345678901";

    internal const string Session = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n";

    internal static string Section(string kind, int mid, string direction, string codec = "", string more = "") =>
        $"m={kind} 9 UDP/TLS/RTP/SAVPF 9{mid}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{Fragment}\r\na=ice-pwd:{Password}\r\n"
        + $"a=fingerprint:sha-256 AB:CD\r\na=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n"
        + $"a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n"
        + $"a=rtpmap:9{mid} {(codec.Length > 0 ? codec : kind == "audio" ? "opus/48000/2" : "VP8/90000")}\r\n{more}";

    internal static string Publishing { get; } = Session + Section("audio", 0, "sendonly", more: "a=msid:s sound\r\n")
        + Section("video", 1, "sendonly", more: "a=msid:s picture\r\n");

    internal static string Playing { get; } = Session + Section("audio", 0, "recvonly") + Section("video", 1, "recvonly");

    /// <summary>A node's answer.</summary>
    internal static string Answer(string audio, string video, string fragment = "node1") =>
        (Session + Section("audio", 0, audio) + Section("video", 1, video)).Replace($"ice-ufrag:{Fragment}", $"ice-ufrag:{fragment}",
            StringComparison.Ordinal);
}
