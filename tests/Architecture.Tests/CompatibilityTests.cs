using System.Text;
using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>
/// docs/compatibility.md says what the tests show, and nothing else. After a change: <c>UPDATE_GOLDEN=1 ./dev test compatibility_page</c>.
/// </summary>
public sealed partial class CompatibilityTests
{
    private const string Page = "docs/compatibility.md";
    private static readonly string[] Areas = ["Signalling", "Media", "Tokens", "Server API", "Around it"];

    private sealed record Row(string Area, string Item, string Surface, string Note, string Test);

    [Fact]
    public void The_compatibility_page_is_what_the_tests_show()
    {
        var rows = Repository.Files("tests", "*.cs").SelectMany(Read).ToList();
        Assert.True(rows.Count > 40, $"only {rows.Count} parts of the surface are shown by tests");
        Assert.Empty(rows.Select(row => row.Area).Except(Areas));
        Assert.Empty(rows.GroupBy(row => (row.Area, row.Item)).Where(same => same.Select(row => row.Surface).Distinct().Count() > 1)
            .Select(same => same.Key.Item));
        var page = Render(rows);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(Repository.Path(Page), page);
        Assert.Equal(page, File.ReadAllText(Repository.Path(Page)));
    }

    private static IEnumerable<Row> Read(string path)
    {
        if (path.EndsWith("CompatibilityTests.cs", StringComparison.Ordinal)) yield break;
        var text = File.ReadAllText(Repository.Path(path));
        foreach (Match found in Attribute().Matches(text))
        {
            var test = Method().Match(text, found.Index);
            Assert.True(test.Success, $"{path}: an attribute without a test");
            yield return new Row(found.Groups[1].Value, found.Groups[2].Value, found.Groups[3].Value, found.Groups[4].Value,
                $"{Path.GetFileName(path).Split('.')[0]}.{test.Groups[1].Value}");
        }
    }

    private static string Render(IReadOnlyList<Row> rows)
    {
        var page = new StringBuilder("""
            # Compatibility with LiveKit

            What LiveKit's clients and backends ask for, and how it stands here. The page is made from the tests that show it (`tests/Architecture.Tests/CompatibilityTests.cs`):
            *served* does what LiveKit's own server does, *refused* is answered with a reason, of what is *missing* there is nothing yet.
            How it works is in [livekit.md](livekit.md).

            """.ReplaceLineEndings("\n"));
        foreach (var area in Areas)
        {
            page.Append($"\n## {area}\n| what | how it stands | shown by |\n|---|---|---|\n");
            foreach (var item in rows.Where(row => row.Area == area).GroupBy(row => row.Item)
                .OrderBy(item => item.Key, StringComparer.Ordinal))
            {
                var notes = string.Join("; ", item.Select(row => row.Note).Where(note => note.Length > 0).Distinct());
                var tests = string.Join(", ", item.Select(row => $"`{row.Test}`").Distinct().Order(StringComparer.Ordinal));
                page.Append(
                    $"| {item.Key} | {item.First().Surface.ToLowerInvariant()}{(notes.Length > 0 ? $": {notes}" : "")} | {tests} |\n");
            }
        }
        return page.ToString();
    }

    [GeneratedRegex("""\[LiveKitSurface\(\s*"([^"]+)",\s+"([^"]+)",\s+Surface\.(\w+)(?:,\s+"([^"]*)")?\)\]""")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"public (?:async Task|Task|void) (\w+)\(")]
    private static partial Regex Method();
}
