using System.Globalization;
using VideoScale.Model;

namespace VideoScale.MediaNode.Sdp;

/// <summary>Reads offers. Unknown lines are passed over; what is needed and missing, or too large, is refused.</summary>
public static class SdpParser
{
    /// <summary>A browser's offer with a hundred sections has about 250 KB.</summary>
    public const int MaxLength = 1 << 20;
    public const int MaxSections = 512;
    private const int MaxLines = 65_536;
    private const int MaxFormats = 256;
    private const int MaxRids = 16;
    private const int MaxExtensions = 64;
    private const int MaxToken = 256;

    /// <returns>The offer, or why it cannot be used.</returns>
    public static (SdpOffer? Offer, Failure? Failure) Parse(string text)
    {
        if (text.Length > MaxLength) return Refuse($"{text.Length} characters, at most {MaxLength}");
        var session = new Section("", "", "");
        var sections = new List<Section>();
        var bundle = new List<string>();
        var current = session;
        var lines = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            if (++lines > MaxLines) return Refuse($"more than {MaxLines} lines");
            var line = raw.Trim();
            if (line.Length < 2 || line[1] != '=') continue;
            var value = line[2..];
            if (line[0] == 'm')
            {
                if (sections.Count == MaxSections) return Refuse($"more than {MaxSections} media sections");
                if (Section.Open(value) is not { } opened) return Refuse($"\"{Shorten(line)}\" is no media section");
                sections.Add(current = opened);
            }
            else if (line[0] == 'a')
            {
                if (current == session && value.StartsWith("group:BUNDLE", StringComparison.Ordinal)) ReadBundle(value["group:BUNDLE".Length..], bundle);
                current.Attribute(value);
            }
        }
        return Assemble(session, sections, bundle);
    }

    private static (SdpOffer?, Failure?) Assemble(Section session, List<Section> sections, List<string> bundle)
    {
        if (sections.Count == 0) return Refuse("no media section");
        string fragment = session.IceFragment, password = session.IcePassword, fingerprint = session.Fingerprint;
        var mids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var section in sections)
        {
            if (section.Mid.Length == 0 || section.Mid.Length > 16) return Refuse("a media section without a=mid of 1 to 16 characters");
            if (!mids.Add(section.Mid)) return Refuse($"mid {section.Mid} stands twice");
            // With BUNDLE all sections name the same transport; the first that names one counts.
            if (fragment.Length == 0 && section.IceFragment.Length > 0) (fragment, password) = (section.IceFragment, section.IcePassword);
            if (fingerprint.Length == 0) fingerprint = section.Fingerprint;
        }
        if (fragment.Length is < 4 or > MaxToken || password.Length is < 22 or > MaxToken) return Refuse("no ice-ufrag and ice-pwd (RFC 8839: 4 and 22 characters at least)");
        if (fingerprint.Length == 0) return Refuse("no fingerprint");
        return (new SdpOffer { IceFragment = fragment, IcePassword = password, Fingerprint = fingerprint, Media = [.. sections.Select(section => section.ToMedia(session, bundle))], Bundle = bundle }, null);
    }

    private static void ReadBundle(ReadOnlySpan<char> mids, List<string> into)
    {
        foreach (var range in mids.Split(' '))
            if (mids[range].Length is > 0 and <= 16 && into.Count < MaxSections) into.Add(mids[range].ToString());
    }

    private static (SdpOffer?, Failure?) Refuse(string why) => (null, Failure.InvalidArgument($"sdp: {why}"));
    private static string Shorten(ReadOnlySpan<char> text) => text.Length <= 80 ? text.ToString() : string.Concat(text[..80], "…");

    /// <summary>One section while it is read.</summary>
    private sealed class Section(string kind, string protocol, string formats)
    {
        private readonly List<byte> _types = [];
        private readonly Dictionary<byte, (string Name, int ClockRate)> _maps = [];
        private readonly Dictionary<byte, string> _parameters = [];
        private readonly List<(byte Type, string Feedback)> _feedback = []; // -1 for all stands as 255
        private readonly List<(byte Id, string Uri)> _extensions = [];
        private readonly List<string> _rids = [];
        private readonly HashSet<string> _paused = new(StringComparer.Ordinal);
        private readonly List<uint> _sources = [];
        private bool _hasPort = true;
        private bool _isBundleOnly;
        private uint _ssrc;
        private uint _rtxSsrc;
        private string _trackId = "";
        private SdpDirection? _direction;

        public string Mid { get; private set; } = "";
        public string IceFragment { get; private set; } = "";
        public string IcePassword { get; private set; } = "";
        public string Fingerprint { get; private set; } = "";

        /// <summary>"video 9 UDP/TLS/RTP/SAVPF 96 97".</summary>
        public static Section? Open(ReadOnlySpan<char> value)
        {
            var parts = value.ToString().Split(' ', 4, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 4 || parts[0].Length > MaxToken || parts[2].Length > MaxToken || parts[3].Length > 4 * MaxFormats) return null;
            var section = new Section(parts[0], parts[2], parts[3]) { _hasPort = parts[1] != "0" };
            foreach (var type in parts[3].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                if (byte.TryParse(type, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 128) section._types.Add(number);
            return section;
        }

        public void Attribute(ReadOnlySpan<char> line)
        {
            var colon = line.IndexOf(':');
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? default : line[(colon + 1)..];
            switch (name)
            {
                case "mid": Mid = Token(value); break;
                case "ice-ufrag": IceFragment = Token(value); break;
                case "ice-pwd": IcePassword = Token(value); break;
                case "fingerprint": Fingerprint = Token(value); break;
                case "sendrecv": _direction = SdpDirection.SendReceive; break;
                case "sendonly": _direction = SdpDirection.SendOnly; break;
                case "recvonly": _direction = SdpDirection.ReceiveOnly; break;
                case "inactive": _direction = SdpDirection.Inactive; break;
                case "bundle-only": _isBundleOnly = true; break;
                case "rtpmap": ReadMap(value); break;
                case "fmtp" when SplitType(value, out var type, out var rest): _parameters[type] = Token(rest, 4 * MaxToken); break;
                case "rtcp-fb": ReadFeedback(value); break;
                case "extmap": ReadExtension(value); break;
                case "rid": ReadRid(value); break;
                case "simulcast": ReadSimulcast(value); break;
                case "msid": ReadStream(value); break;
                case "ssrc": ReadSource(value); break;
                case "ssrc-group": ReadGroup(value); break;
            }
        }

        public SdpMedia ToMedia(Section session, List<string> bundle) => new()
        {
            Kind = kind,
            Protocol = protocol,
            FormatList = formats,
            // RFC 9143 §6: an offerer gives a section that it wants in the bundle or not at all port 0.
            IsUsed = _hasPort || (_isBundleOnly && bundle.Contains(Mid)),
            Mid = Mid,
            Direction = _direction ?? session._direction ?? SdpDirection.SendReceive,
            Formats = [.. _types.Take(MaxFormats).Where(_maps.ContainsKey).Select(ToFormat)],
            Extensions = _extensions,
            Rids = [.. _rids.Select(rid => new SdpRid(rid, _paused.Contains(rid)))],
            TrackId = _trackId,
            Ssrc = _rids.Count > 0 ? 0 : _ssrc != 0 ? _ssrc : _sources.Count > 0 ? _sources[0] : 0,
            RtxSsrc = _rids.Count > 0 ? 0 : _rtxSsrc,
        };

        private SdpFormat ToFormat(byte type)
        {
            var (name, clock) = _maps[type];
            var parameters = _parameters.GetValueOrDefault(type, "");
            var repairs = -1;
            if (name.Equals("rtx", StringComparison.OrdinalIgnoreCase) && parameters.StartsWith("apt=", StringComparison.Ordinal)
                && byte.TryParse(parameters.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var apt)) repairs = apt;
            return new SdpFormat(type, name, clock, parameters, [.. _feedback.Where(f => f.Type == type || f.Type == 255).Select(f => f.Feedback)], repairs);
        }

        private void ReadMap(ReadOnlySpan<char> value)
        {
            if (!SplitType(value, out var type, out var rest)) return;
            var slash = rest.IndexOf('/');
            if (slash <= 0) return;
            var clock = rest[(slash + 1)..];
            var second = clock.IndexOf('/');
            if (second >= 0) clock = clock[..second];
            if (int.TryParse(clock, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) && _maps.Count < MaxFormats) _maps[type] = (Token(rest[..slash]), rate);
        }

        private void ReadFeedback(ReadOnlySpan<char> value)
        {
            var space = value.IndexOf(' ');
            if (space <= 0 || _feedback.Count >= 8 * MaxFormats) return;
            if (value[..space] is "*") _feedback.Add((255, Token(value[(space + 1)..])));
            else if (SplitType(value, out var type, out var rest)) _feedback.Add((type, Token(rest)));
        }

        /// <summary>"3 URI" or "3/sendonly URI".</summary>
        private void ReadExtension(ReadOnlySpan<char> value)
        {
            var space = value.IndexOf(' ');
            if (space <= 0 || _extensions.Count >= MaxExtensions) return;
            var id = value[..space];
            var slash = id.IndexOf('/');
            if (slash > 0) id = id[..slash];
            var uri = value[(space + 1)..];
            var end = uri.IndexOf(' ');
            if (end > 0) uri = uri[..end];
            if (byte.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0) _extensions.Add((number, Token(uri)));
        }

        private void ReadRid(ReadOnlySpan<char> value)
        {
            var space = value.IndexOf(' ');
            if (space is <= 0 or > 32 || !value[(space + 1)..].StartsWith("send", StringComparison.Ordinal) || _rids.Count >= MaxRids) return;
            var rid = value[..space].ToString();
            if (!_rids.Contains(rid, StringComparer.Ordinal)) _rids.Add(rid);
        }

        /// <summary>"send q;~h;~f": only which are paused matters here.</summary>
        private void ReadSimulcast(ReadOnlySpan<char> value)
        {
            var at = value.IndexOf("send ", StringComparison.Ordinal);
            if (at < 0) return;
            var list = value[(at + 5)..];
            var end = list.IndexOf(' ');
            if (end >= 0) list = list[..end];
            foreach (var range in list.SplitAny(";,"))
                if (list[range] is ['~', .. { Length: > 0 and <= 32 } rid] && _paused.Count < MaxRids) _paused.Add(rid.ToString());
        }

        private void ReadStream(ReadOnlySpan<char> value)
        {
            var space = value.IndexOf(' ');
            if (space > 0) _trackId = Token(value[(space + 1)..]);
        }

        private void ReadSource(ReadOnlySpan<char> value)
        {
            var space = value.IndexOf(' ');
            if (space <= 0 || !uint.TryParse(value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var source)) return;
            if (!_sources.Contains(source) && _sources.Count < 2 * MaxRids) _sources.Add(source);
            if (_trackId.Length > 0 || !value[(space + 1)..].StartsWith("msid:", StringComparison.Ordinal)) return;
            ReadStream(value[(space + 1 + 5)..]);
        }

        /// <summary>"FID 1 2": the second repairs the first (RFC 5576, RFC 4588 §8.7).</summary>
        private void ReadGroup(ReadOnlySpan<char> value)
        {
            if (!value.StartsWith("FID ", StringComparison.Ordinal) || _ssrc != 0) return;
            var both = value[4..];
            var space = both.IndexOf(' ');
            if (space > 0 && uint.TryParse(both[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && uint.TryParse(both[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var second)) (_ssrc, _rtxSsrc) = (first, second);
        }

        private static bool SplitType(ReadOnlySpan<char> value, out byte type, out ReadOnlySpan<char> rest)
        {
            rest = default;
            type = 0;
            var space = value.IndexOf(' ');
            if (space <= 0 || !byte.TryParse(value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out type) || type >= 128) return false;
            rest = value[(space + 1)..];
            return true;
        }

        private static string Token(ReadOnlySpan<char> value, int most = MaxToken) => value.Length <= most ? value.Trim().ToString() : "";
    }
}
