using System.Globalization;

namespace VideoScale.Gateway.Whip;

/// <summary>One m= section, as far as it matters who sends what.</summary>
/// <param name="Kind">"audio", "video", …</param>
/// <param name="Direction">"sendrecv", "sendonly", "recvonly" or "inactive".</param>
/// <param name="TrackId">Of a=msid; empty without one.</param>
/// <param name="Rids">Of the layers that are offered, in the order of a=simulcast.</param>
/// <param name="Codecs">Names of rtpmaps, those that are preferred first.</param>
internal sealed record OutlinedSection(string Kind, bool HasPort, string Direction, string TrackId, IReadOnlyList<string> Rids,
    IReadOnlyList<string> Codecs)
{
    internal bool IsMedia => Kind is "audio" or "video";
    internal bool Sends => IsMedia && HasPort && Direction is "sendrecv" or "sendonly";
    internal bool Receives => IsMedia && HasPort && Direction is "sendrecv" or "recvonly";
}

/// <summary>What a gateway needs to know of a session description. The node that answers reads it with care; this is the outline.</summary>
internal sealed record SdpOutline(IReadOnlyList<OutlinedSection> Sections, string IceFragment, string IcePassword, bool HasFingerprint,
    string Setup)
{
    private const int MaxSections = 64;
    private static readonly string[] Directions = ["sendrecv", "sendonly", "recvonly", "inactive"];

    /// <returns>Null when it is no session description at all.</returns>
    internal static SdpOutline? Parse(string text)
    {
        if (!text.StartsWith("v=0", StringComparison.Ordinal)) return null;
        var lines = text.Split('\n').Select(line => line.Trim()).ToList();
        var starts = Enumerable.Range(0, lines.Count).Where(i => lines[i].StartsWith("m=", StringComparison.Ordinal)).ToList();
        if (starts.Count is 0 or > MaxSections) return null;
        var session = lines[..starts[0]];
        var sections = starts.Select((start, i) => lines[start..(i + 1 < starts.Count ? starts[i + 1] : lines.Count)]).ToList();
        return new SdpOutline([.. sections.Select(section => Read(section, session))], First(lines, "ice-ufrag:"), First(lines, "ice-pwd:"),
            First(lines, "fingerprint:").Length > 0, First(lines, "setup:"));
    }

    /// <summary>The same description with other ICE credentials, and without candidates.</summary>
    internal static string Renew(string text, string fragment, string password) => string.Join("\r\n", text.Split('\n')
        .Select(line => line.TrimEnd('\r'))
        .Where(line => !line.StartsWith("a=candidate:", StringComparison.Ordinal))
        .Select(line => line.StartsWith("a=ice-ufrag:", StringComparison.Ordinal) ? "a=ice-ufrag:" + fragment
            : line.StartsWith("a=ice-pwd:", StringComparison.Ordinal) ? "a=ice-pwd:" + password : line));

    private static OutlinedSection Read(List<string> section, List<string> session)
    {
        // m=video 9 UDP/TLS/RTP/SAVPF 96 97
        var head = section[0]["m=".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var hasPort = head.Length > 3 && (head[1] != "0" || section.Contains("a=bundle-only"));
        var stream = First(section, "msid:");
        return new OutlinedSection(head.Length > 0 ? head[0] : "", hasPort, Direction(section) ?? Direction(session) ?? "sendrecv",
            stream[(stream.IndexOf(' ') + 1)..], Rids(section), Codecs(section, head.Skip(3)));
    }

    private static string? Direction(List<string> lines) =>
        Directions.FirstOrDefault(direction => lines.Contains("a=" + direction));

    /// <summary>"a=simulcast:send f;~h;q,q2"; without that line as the a=rid lines stand.</summary>
    private static List<string> Rids(List<string> section)
    {
        var named = section.Where(line => line.StartsWith("a=rid:", StringComparison.Ordinal))
            .Select(line => line["a=rid:".Length..].Split(' ')).Where(rid => rid.Length > 1 && rid[1] == "send").Select(rid => rid[0])
            .Distinct(StringComparer.Ordinal).ToList();
        var sent = First(section, "simulcast:").Split(' ').SkipWhile(word => word != "send").Skip(1).FirstOrDefault() ?? "";
        var ordered = sent.Split(';').Select(alternatives => alternatives.Split(',')[0].TrimStart('~')).Where(named.Contains).ToList();
        return ordered.Count > 0 ? ordered : named;
    }

    private static List<string> Codecs(List<string> section, IEnumerable<string> types)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in section.Where(line => line.StartsWith("a=rtpmap:", StringComparison.Ordinal)))
        {
            var map = line["a=rtpmap:".Length..].Split(' ', 2);
            if (map.Length == 2) names.TryAdd(map[0], map[1].Split('/')[0].ToUpper(CultureInfo.InvariantCulture));
        }
        return [.. types.Select(type => names.GetValueOrDefault(type)).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The value of the first such attribute; empty without one.</summary>
    private static string First(List<string> lines, string name) =>
        lines.Find(line => line.StartsWith("a=" + name, StringComparison.Ordinal))?[(2 + name.Length)..].Trim() ?? "";
}
