namespace VideoScale.MediaNode.Tests.Sdp;

/// <summary>The sections of a description as a reader sees them who knows nothing of ours.</summary>
internal sealed record SectionList(IReadOnlyList<SectionList.Section> Sections, IReadOnlyList<string>? Bundle)
{
    internal sealed record Section(string Kind, bool HasPort, string? Mid, string Direction, IReadOnlyList<string> Lines);

    internal static SectionList Of(string text)
    {
        var parts = new List<List<string>> { new() };
        foreach (var line in text.Split(['\r', '\n']).Select(line => line.Trim()))
        {
            if (line.StartsWith("m=", StringComparison.Ordinal)) parts.Add([]);
            parts[^1].Add(line);
        }
        var bundle = parts[0].Find(line => line.StartsWith("a=group:BUNDLE", StringComparison.Ordinal))?["a=group:BUNDLE".Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new SectionList([.. parts.Skip(1).Select(Read)], bundle);
    }

    private static Section Read(List<string> lines)
    {
        var words = lines[0][2..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string[] directions = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];
        return new Section(words.Length > 0 ? words[0] : "", words.Length > 1 && words[1] != "0",
            lines.Find(line => line.StartsWith("a=mid:", StringComparison.Ordinal))?[6..].Trim(),
            lines.FindLast(line => directions.Contains(line))?[2..] ?? "sendrecv", lines);
    }

    /// <summary>
    /// The law of answers (RFC 8829 §5.3.1, RFC 9143 §7.3): the offer's sections, in their order, under their names; the bundle lists what
    /// is accepted.
    /// </summary>
    internal static void AssertAnswers(string offer, string answer)
    {
        var (asked, given) = (Of(offer), Of(answer));
        Assert.Equal(asked.Sections.Count, given.Sections.Count);
        for (var i = 0; i < asked.Sections.Count; i++)
        {
            Assert.Equal(asked.Sections[i].Mid is { Length: > 0 } mid ? mid : null, given.Sections[i].Mid);
            if (asked.Sections[i].Kind.Length > 0) Assert.Equal(asked.Sections[i].Kind, given.Sections[i].Kind);
            if (!given.Sections[i].HasPort) Assert.Equal("inactive", given.Sections[i].Direction);
            if (asked.Sections[i].Direction is "inactive") Assert.Equal("inactive", given.Sections[i].Direction);
            if (asked.Sections[i].Direction is "sendonly") Assert.NotEqual("sendonly", given.Sections[i].Direction);
            if (asked.Sections[i].Direction is "recvonly") Assert.NotEqual("recvonly", given.Sections[i].Direction);
        }
        var accepted = given.Sections.Where(section => section.HasPort).Select(section => section.Mid).ToList();
        if (given.Bundle is { } bundle) Assert.Equal(accepted.Order(), bundle.Order());
        else Assert.True(accepted.Count <= 1, "without a bundle each section would have a transport of its own");
        if (asked.Bundle is null) Assert.Null(given.Bundle);
    }
}
