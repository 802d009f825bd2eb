using System.Text;
using VideoScale.Harness;

namespace VideoScale.MediaNode.Tests.Sdp;

/// <summary>Offers in the manner of many clients, and of none: composed for these tests, line ends and all.</summary>
internal static class DescriptionCorpus
{
    private static readonly string Folder = Repository.Path("tests", "MediaNode.Tests", "Sdp", "Corpus");

    internal static IReadOnlyList<string> Names { get; } = [.. Directory.GetFiles(Folder, "*.sdp")
        .Select(path => System.IO.Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    internal static string Read(string name) => File.ReadAllText(System.IO.Path.Combine(Folder, name + ".sdp"));

    internal static byte[][] Octets { get; } = [.. Names.Select(name => Encoding.UTF8.GetBytes(Read(name)))];

    /// <summary>Changes whole lines: what other clients, gateways in between and people with editors do to descriptions.</summary>
    internal static string Mutate(string text, Random random)
    {
        var lines = text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).ToList();
        for (var round = random.Next(1, 5); round > 0 && lines.Count > 0; round--)
        {
            var at = random.Next(lines.Count);
            switch (random.Next(14))
            {
                case 0: lines.RemoveAt(at); break;
                case 1: lines.Insert(random.Next(lines.Count + 1), lines[at]); break;
                case 2: (lines[at], lines[^1]) = (lines[^1], lines[at]); break;
                case 3: lines[at] = lines[at][..random.Next(lines[at].Length + 1)]; break;
                case 4: lines[at] = lines[at].ToUpperInvariant(); break;
                case 5: lines[at] += new string(' ', random.Next(4)) + (char)random.Next(32, 127); break;
                case 6: lines[at] = Number(lines[at], random); break;
                case 7: lines.Insert(at, Inserted[random.Next(Inserted.Length)]); break;
                case 8: lines.RemoveAll(line => line.StartsWith("a=group:BUNDLE", StringComparison.Ordinal)); break;
                case 9: Replace("a=sendonly", Directions[random.Next(Directions.Length)]); break;
                case 10: Replace(" 9 UDP", random.Next(2) == 0 ? " 0 UDP" : " 0009/2 UDP"); break;
                case 11: lines.RemoveRange(at, Math.Min(lines.Count - at, random.Next(1, 20))); break;
                case 12: lines.RemoveAll(line => line.StartsWith("a=mid:", StringComparison.Ordinal)); break;
                default:
                    var other = Read(Names[random.Next(Names.Count)]).Split('\n').Select(line => line.TrimEnd('\r'))
                        .Where(line => line.Length > 0).Take(60).ToList();
                    lines = [.. lines[..at], .. other[random.Next(other.Count)..]];
                    break;
            }
        }
        return string.Concat(lines.Select(line => line + (random.Next(2) == 0 ? "\r\n" : "\n")));

        void Replace(string what, string by)
        {
            var found = lines.FindIndex(line => line.Contains(what, StringComparison.Ordinal));
            if (found >= 0) lines[found] = lines[found].Replace(what, by, StringComparison.Ordinal);
        }
    }

    private static readonly string[] Directions = ["a=sendrecv", "a=recvonly", "a=inactive", "a=sendonly"];

    private static readonly string[] Inserted =
    [
        "a=bundle-only", "a=mid:0", "a=group:BUNDLE 0 1 2 3", "a=setup:passive", "a=setup:active", "m=video 9 UDP/TLS/RTP/SAVPF 96",
            "m=audio 0 UDP/TLS/RTP/SAVPF 111", "m=", "m=application 9 DTLS/SCTP 5000",
        "a=ice-ufrag:" + new string('u', 300), "a=ice-ufrag:anew", "a=rtpmap:96 H264/90000",
            "a=fmtp:96 packetization-mode=1;profile-level-id=f4001f", "a=ssrc-group:SIM 1 2 3 4 5", "a=rid:x send",
            "a=simulcast:send x,y;~z",
        "a=x:" + new string('x', 70_000), "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", "a=inactive", "a=msid:- cam",
    ];

    private static string Number(string line, Random random)
    {
        var digits = Enumerable.Range(0, line.Length).Where(i => char.IsAsciiDigit(line[i])).ToArray();
        if (digits.Length == 0) return line;
        var at = digits[random.Next(digits.Length)];
        return string.Concat(line.AsSpan(0, at), random.Next(5) == 0 ? "99999999999999999999" : $"{random.Next(10)}", line.AsSpan(at + 1));
    }
}
