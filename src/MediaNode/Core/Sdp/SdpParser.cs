using VideoScale.Model;

namespace VideoScale.MediaNode.Sdp;

/// <summary>
/// Reads offers and answers. What one section spoils costs that section alone: it is there, unused; what nobody needs is passed over.
/// </summary>
public static class SdpParser
{
    /// <summary>A browser's offer with a hundred sections has about 250 KB.</summary>
    public const int MaxLength = 1 << 20;
    public const int MaxSections = 512;
    private const int MaxLines = 65_536;
    private const int MaxGroups = 16;

    /// <returns>The description, or why there is nothing in it that could be used.</returns>
    public static (SdpDescription? Description, Failure? Failure) Parse(string text)
    {
        if (text.Length > MaxLength) return Refuse($"{text.Length} characters, at most {MaxLength}");
        var session = new SdpSection("", "", "", hasPort: false, isWellFormed: false);
        var sections = new List<SdpSection>();
        var bundles = new List<List<string>>();
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
                sections.Add(SdpSection.Open(value));
            }
            else if (line[0] == 'a')
            {
                if (sections.Count == 0 && value.StartsWith("group:BUNDLE", StringComparison.Ordinal) && bundles.Count < MaxGroups)
                    bundles.Add(ReadBundle(value["group:BUNDLE".Length..]));
                (sections.Count > 0 ? sections[^1] : session).Attribute(value);
            }
        }
        return sections.Count == 0 ? Refuse("no media section") : (Assemble(session, sections, bundles), null);
    }

    private static SdpDescription Assemble(SdpSection session, List<SdpSection> sections, List<List<string>> bundles)
    {
        var byMid = new Dictionary<string, SdpSection>(StringComparer.Ordinal);
        foreach (var section in sections)
            // nobody could say which of the two is meant
            if (section.Mid.Length > 0 && !byMid.TryAdd(section.Mid, section)) section.IsUsable = false;
        List<string> bundle = [];
        SdpSection[] together = [];
        foreach (var mids in bundles)
        {
            // Sections of another group would need a transport of their own.
            if (!mids.Exists(mid => byMid.TryGetValue(mid, out var section) && section.IsUsable
                && (section.HasPort || section.IsBundleOnly))) continue;
            bundle = [.. mids.Where(byMid.ContainsKey).Distinct(StringComparer.Ordinal)];
            together = [.. bundle.Select(mid => byMid[mid])];
            break;
        }
        // Without a group each section has its own transport; we have one.
        if (together.Length == 0) together = [.. sections.Where(section => section.IsUsable && section.HasPort).Take(1)];
        foreach (var section in sections)
            // RFC 9143 §6
            section.IsUsable &= together.Contains(section) && (section.HasPort || (section.IsBundleOnly && bundle.Count > 0));
        return new SdpDescription
        {
            Remote = RemoteOf(session, together),
            Media = [.. sections.Select((section, i) => section.ToMedia(session, section.Mid.Length > 0 ? section.Mid : Name(i, byMid)))],
            Bundle = bundle,
            MixesExtensions = session.MixesExtensions || together.Any(section => section.MixesExtensions),
        };
    }

    /// <summary>
    /// The first section of the group names the transport; what it leaves out stands at session level, or with another that shares it.
    /// </summary>
    private static SdpRemote RemoteOf(SdpSection session, SdpSection[] together)
    {
        SdpSection[] order = together.Length == 0 ? [session] : [together[0], session, .. together[1..]];
        var ice = Array.Find(order, section => section.IceFragment.Length > 0 && section.IcePassword.Length > 0);
        var dtls = Array.Find(order, section => section.Fingerprints.Count > 0);
        var setup = Array.Find(order, section => section.Setup is not null);
        // RFC 4145 §4
        return new SdpRemote(ice?.IceFragment ?? "", ice?.IcePassword ?? "", dtls?.Fingerprints ?? [], setup?.Setup ?? SdpSetup.Active);
    }

    /// <summary>Sections are told apart by their mids; old clients give them none.</summary>
    private static string Name(int position, Dictionary<string, SdpSection> taken)
    {
        var name = $"#{position}";
        while (taken.ContainsKey(name)) name += "#";
        return name;
    }

    private static List<string> ReadBundle(ReadOnlySpan<char> mids)
    {
        var read = new List<string>();
        foreach (var range in mids.Split(' '))
            if (mids[range].Length > 0 && read.Count < MaxSections) read.Add(mids[range].ToString());
        return read;
    }

    private static (SdpDescription?, Failure?) Refuse(string why) => (null, Failure.InvalidArgument($"sdp: {why}"));
}
