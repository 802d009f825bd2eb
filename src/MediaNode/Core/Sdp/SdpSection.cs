using System.Globalization;

namespace VideoScale.MediaNode.Sdp;

/// <summary>One section of an offer while it is read; one more stands for the session level.</summary>
internal sealed class SdpSection(string kind, string protocol, string formats, bool hasPort, bool isWellFormed)
{
    private const int MaxFormats = 256;
    private const int MaxFingerprints = 16;
    private const int MaxExtensions = 64;
    private const int MaxToken = 256;
    /// <summary>As many as the engine tells apart in a packet; browsers' have a few characters.</summary>
    private const int MaxMid = 32;

    private readonly SdpSources _sources = new();
    private readonly List<byte> _types = [];
    private readonly Dictionary<byte, (string Name, int ClockRate, int Channels)> _maps = [];
    private readonly Dictionary<byte, string> _parameters = [];
    private readonly List<(byte Type, string Feedback)> _feedback = [];
    private readonly List<(byte Id, string Uri)> _extensions = [];
    private readonly List<string> _fingerprints = [];
    private const byte AllTypes = 255; // "*" in rtcp-fb
    private bool _multiplexes;
    private bool _reducesReports;
    private string _trackId = "";
    private SdpDirection? _direction;

    public bool HasPort { get; } = hasPort;
    /// <summary>Taken away by what makes the section useless.</summary>
    public bool IsUsable { get; set; } = isWellFormed;
    public bool IsBundleOnly { get; private set; }
    public bool MixesExtensions { get; private set; }
    public string Mid { get; private set; } = "";
    public string IceFragment { get; private set; } = "";
    public string IcePassword { get; private set; } = "";
    public IReadOnlyList<string> Fingerprints => _fingerprints;
    public SdpSetup? Setup { get; private set; }

    /// <summary>
    /// "video 9 UDP/TLS/RTP/SAVPF 96 97". What is no such line is kept as a section that cannot be used: the answer has as many as the
    /// offer.
    /// </summary>
    public static SdpSection Open(ReadOnlySpan<char> value)
    {
        var parts = value.ToString().Split((char[]?)null, 4, StringSplitOptions.RemoveEmptyEntries);
        var isWellFormed = parts.Length == 4 && parts[3].Length <= 4 * MaxFormats;
        var formats = isWellFormed ? parts[3] : parts.Length == 4 ? Token(parts[3].Split(' ')[0], otherwise: "0") : "0";
        var section = new SdpSection(Part(parts, 0, "audio"), Part(parts, 2, "UDP/TLS/RTP/SAVPF"), formats, parts.Length > 1
            && parts[1].Split('/')[0].TrimStart('0').Length > 0, isWellFormed);
        foreach (var type in formats.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            if (byte.TryParse(type, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 128
                && !section._types.Contains(number)) section._types.Add(number);
        return section;
    }

    private static string Part(string[] parts, int at, string otherwise) => parts.Length > at ? Token(parts[at], otherwise) : otherwise;

    public void Attribute(ReadOnlySpan<char> line)
    {
        var colon = line.IndexOf(':');
        var name = (colon < 0 ? line : line[..colon]).Trim();
        var value = colon < 0 ? default : line[(colon + 1)..].Trim();
        switch (name)
        {
            case "mid" when Mid.Length == 0: ReadMid(value); break;
            case "bundle-only": IsBundleOnly = true; break;
            case "extmap-allow-mixed": MixesExtensions = true; break;
            case "rtcp-mux": _multiplexes = true; break;
            case "rtcp-rsize": _reducesReports = true; break;
            case "ice-ufrag": IceFragment = Token(value); break;
            case "ice-pwd": IcePassword = Token(value); break;
            case "fingerprint" when _fingerprints.Count < MaxFingerprints: _fingerprints.Add(Token(value)); break;
            case "setup":
                Setup = value switch
                {
                    "actpass" => SdpSetup.ActiveOrPassive,
                    "active" => SdpSetup.Active,
                    "passive" => SdpSetup.Passive,
                    "holdconn" => SdpSetup.Hold,
                    _ => Setup
                }; break;
            case "sendrecv": _direction = SdpDirection.SendReceive; break;
            case "sendonly": _direction = SdpDirection.SendOnly; break;
            case "recvonly": _direction = SdpDirection.ReceiveOnly; break;
            case "inactive": _direction = SdpDirection.Inactive; break;
            case "rtpmap": ReadMap(value); break;
            case "fmtp" when SplitType(value, out var type, out var rest): _parameters[type] = Token(rest, most: 4 * MaxToken); break;
            case "rtcp-fb": ReadFeedback(value); break;
            case "extmap": ReadExtension(value); break;
            case "msid": ReadStream(value); break;
            case "ssrc": ReadSource(value); break;
            case "rid": _sources.Rid(value); break;
            case "simulcast": _sources.Simulcast(value); break;
            case "ssrc-group": _sources.Group(value); break;
        }
    }

    /// <param name="mid">The offer's, or what stands for one.</param>
    public SdpMedia ToMedia(SdpSection session, string mid) => new()
    {
        Kind = kind,
        Protocol = protocol,
        FormatList = formats,
        IsUsed = IsUsable,
        IsOffered = HasPort || IsBundleOnly,
        Mid = mid,
        OfferedMid = Mid,
        Direction = _direction ?? session._direction ?? SdpDirection.SendReceive,
        Formats = [.. _types.Where(_maps.ContainsKey).Select(ToFormat)],
        Extensions = _extensions.Count > 0 ? _extensions : session._extensions,
        Rids = _sources.Rids,
        Sources = _sources.Sources,
        TrackId = _trackId,
        Multiplexes = _multiplexes || session._multiplexes,
        ReducesReports = _reducesReports || session._reducesReports,
    };

    private SdpFormat ToFormat(byte type)
    {
        var (name, clock, channels) = _maps[type];
        var parameters = _parameters.GetValueOrDefault(type, "");
        var repairs = -1;
        if (name.Equals("rtx", StringComparison.OrdinalIgnoreCase) && parameters.Split(';')[0].Split('=') is [var key, var of]
            && key.Trim().Equals("apt", StringComparison.OrdinalIgnoreCase)
            && byte.TryParse(of.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var apt)) repairs = apt;
        return new SdpFormat(type, name, clock, parameters,
            [.. _feedback.Where(f => f.Type == type || f.Type == AllTypes).Select(f => f.Feedback)], repairs)
        { Channels = channels };
    }

    private void ReadMid(ReadOnlySpan<char> value)
    {
        Mid = value.ToString();
        if (value.Length is 0 or > MaxMid || value.IndexOfAny(" \t") >= 0) IsUsable = false;
    }

    /// <summary>"111 opus/48000/2".</summary>
    private void ReadMap(ReadOnlySpan<char> value)
    {
        if (!SplitType(value, out var type, out var rest) || _maps.Count >= MaxFormats) return;
        var parts = rest.ToString().Split('/');
        if (parts.Length < 2 || parts[0].Length == 0
            || !int.TryParse(parts[1].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var rate)) return;
        var channels = parts.Length > 2 && byte.TryParse(parts[2].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count : 0;
        _maps.TryAdd(type, (Token(parts[0]), rate, channels));
    }

    private void ReadFeedback(ReadOnlySpan<char> value)
    {
        var space = value.IndexOf(' ');
        if (space <= 0 || _feedback.Count >= 8 * MaxFormats) return;
        if (value[..space] is "*") _feedback.Add((AllTypes, Token(value[(space + 1)..])));
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
        var uri = value[(space + 1)..].Trim();
        var end = uri.IndexOf(' ');
        if (end > 0) uri = uri[..end];
        if (!byte.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0) return;
        var name = Token(uri);
        if (name.Length > 0 && !_extensions.Exists(known => known.Id == number || known.Uri == name)) _extensions.Add((number, name));
    }

    /// <summary>"stream track", or the stream alone.</summary>
    private void ReadStream(ReadOnlySpan<char> value)
    {
        if (_trackId.Length == 0) _trackId = Token(value[(value.IndexOf(' ') + 1)..]);
    }

    /// <summary>"1 cname:x", "1 msid:stream track".</summary>
    private void ReadSource(ReadOnlySpan<char> value)
    {
        var space = value.IndexOf(' ');
        if (!uint.TryParse(space < 0 ? value : value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var source)) return;
        _sources.Add(source);
        if (space > 0 && value[(space + 1)..].StartsWith("msid:", StringComparison.Ordinal))
            ReadStream(value[(space + 1 + "msid:".Length)..].Trim());
    }

    private static bool SplitType(ReadOnlySpan<char> value, out byte type, out ReadOnlySpan<char> rest)
    {
        rest = default;
        type = 0;
        var space = value.IndexOf(' ');
        if (space <= 0 || !byte.TryParse(value[..space], NumberStyles.None, CultureInfo.InvariantCulture, out type) || type >= 128)
            return false;
        rest = value[(space + 1)..].Trim();
        return true;
    }

    private static string Token(ReadOnlySpan<char> value, string otherwise = "", int most = MaxToken) =>
        value.Length <= most && value.Length > 0 ? value.Trim().ToString() : otherwise;
}
