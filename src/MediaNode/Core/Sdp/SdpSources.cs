using System.Globalization;

namespace VideoScale.MediaNode.Sdp;

/// <summary>Which streams a section says it will send, while it is read: by rid, or by source.</summary>
internal sealed class SdpSources
{
    private const int MaxRids = 16;
    private const int MaxRid = 32;

    private readonly List<string> _rids = [];
    private readonly HashSet<string> _paused = new(StringComparer.Ordinal);
    private readonly List<uint> _sources = [];
    private readonly Dictionary<uint, uint> _repairs = [];
    private List<uint> _simulcast = [];
    private uint _repaired;

    public IReadOnlyList<SdpRid> Rids => [.. _rids.Select(rid => new SdpRid(rid, _paused.Contains(rid)))];

    public IReadOnlyList<SdpSource> Sources
    {
        get
        {
            if (_rids.Count > 0) return [];
            var streams = _simulcast.Count > 0 ? _simulcast : _repaired != 0 ? [_repaired] : _sources[..Math.Min(1, _sources.Count)];
            return [.. streams.Select(ssrc => new SdpSource(ssrc, _repairs.GetValueOrDefault(ssrc)))];
        }
    }

    /// <summary>"q send", "h send pt=96".</summary>
    public void Rid(ReadOnlySpan<char> value)
    {
        var space = value.IndexOf(' ');
        if (space is <= 0 or > MaxRid || !value[(space + 1)..].TrimStart().StartsWith("send", StringComparison.Ordinal)
            || _rids.Count >= MaxRids) return;
        var rid = value[..space].ToString();
        if (!_rids.Contains(rid, StringComparer.Ordinal)) _rids.Add(rid);
    }

    /// <summary>"send q;~h;~f": only which are paused matters here.</summary>
    public void Simulcast(ReadOnlySpan<char> value)
    {
        var at = value.IndexOf("send ", StringComparison.Ordinal);
        if (at < 0) return;
        var list = value[(at + 5)..].TrimStart();
        var end = list.IndexOf(' ');
        if (end >= 0) list = list[..end];
        foreach (var range in list.SplitAny(";,"))
            if (list[range] is ['~', .. { Length: > 0 and <= MaxRid } rid] && _paused.Count < MaxRids) _paused.Add(rid.ToString());
    }

    public void Add(uint source)
    {
        if (source != 0 && _sources.Count < 2 * MaxRids && !_sources.Contains(source)) _sources.Add(source);
    }

    /// <summary>"SIM 1 2 3", from the smallest to the largest; "FID 1 4": the second repairs the first (RFC 5576, RFC 4588 §8.7).</summary>
    public void Group(ReadOnlySpan<char> value)
    {
        var ids = new List<uint>();
        foreach (var part in value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(MaxRids))
            if (uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != 0 && !ids.Contains(id))
                ids.Add(id);
        if (ids.Count < 2) return;
        if (value.StartsWith("SIM ", StringComparison.Ordinal) && _simulcast.Count == 0) _simulcast = ids;
        if (!value.StartsWith("FID ", StringComparison.Ordinal) || _repairs.Count >= MaxRids) return;
        if (_repaired == 0) _repaired = ids[0];
        _repairs.TryAdd(ids[0], ids[1]);
    }
}
