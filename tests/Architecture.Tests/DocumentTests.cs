using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>What the documents point at is there.</summary>
public sealed partial class DocumentTests
{
    private static readonly IReadOnlyList<string> Documents = ["README.md", "CHANGELOG.md", .. Repository.Files("docs", "*.md")];

    [Fact]
    public void Every_path_in_a_document_exists()
    {
        var paths = Documents.SelectMany(d => SourcePath().Matches(File.ReadAllText(Repository.Path(d)))
            .Select(m => (Document: d, Path: m.Groups[1].Value.TrimEnd('.', '/')))).ToList();
        Assert.True(paths.Count > 30, $"only {paths.Count} paths were found");
        Assert.Empty(paths.Where(p => !Exists(p.Path)).Select(p => $"{p.Document}: {p.Path}").Distinct());
    }

    [Fact]
    public void Every_link_between_documents_leads_somewhere()
    {
        var broken = Documents.SelectMany(d => Link().Matches(File.ReadAllText(Repository.Path(d)))
            .Select(m => (Document: d, Target: m.Groups[1].Value)))
            .Where(l => !l.Target.Contains("://", StringComparison.Ordinal) && !l.Target.StartsWith('#'))
            .Where(l => !Exists(Path.Combine(Path.GetDirectoryName(l.Document)!, l.Target.Split('#')[0])))
            .Select(l => $"{l.Document}: {l.Target}");
        Assert.Empty(broken);
    }

    [Fact]
    public void Readme_has_its_two_commands_and_a_row_for_every_concept()
    {
        var readme = File.ReadAllText(Repository.Path("README.md"));
        Assert.Contains("./videoscale up", readme, StringComparison.Ordinal);
        Assert.Contains("./dev test", readme, StringComparison.Ordinal);
        foreach (var concept in (string[])["placement", "admission", "drain", "quorum", "fencing", "lease", "audit"])
            Assert.True(readme.Split('\n').Any(line => line.StartsWith('|') && line.Contains(concept, StringComparison.OrdinalIgnoreCase)
                && line.Contains("src/", StringComparison.Ordinal)), $"README's table has no row for {concept}");
    }

    /// <summary>A row that is broken over lines is shown as text.</summary>
    [Fact]
    public void Every_row_of_a_table_stands_on_one_line()
    {
        foreach (var document in Documents)
        {
            var isCode = false;
            foreach (var line in File.ReadLines(Repository.Path(document)))
            {
                if (line.TrimStart().StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
                Assert.True(isCode || !line.StartsWith('|') || line.TrimEnd().EndsWith('|'), $"{document}: {line}");
            }
        }
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps_and_short()
    {
        var decisions = Repository.Files("docs/adr", "*.md");
        Assert.Equal(Enumerable.Range(1, decisions.Count).Select(n => $"{n:0000}"), decisions.Select(d => Path.GetFileName(d)[..4]));
        foreach (var decision in decisions) Assert.InRange(File.ReadLines(Repository.Path(decision)).Count(), 8, 60);
    }

    [Fact]
    public void The_page_of_the_control_plane_says_what_every_folder_of_its_host_is_for()
    {
        var page = File.ReadAllText(Repository.Path("docs", "control-plane.md"));
        var folders = Repository.Files("src/ControlPlane/Host", "*.cs").Select(f => f.Split('/')[3]).Distinct(StringComparer.Ordinal)
            .Where(f => !f.EndsWith(".cs", StringComparison.Ordinal));
        Assert.DoesNotContain(folders, folder => !page.Contains($"`src/ControlPlane/Host/{folder}/`", StringComparison.Ordinal));
    }

    private static bool Exists(string path)
    {
        var full = Repository.Path(path);
        return File.Exists(full) || Directory.Exists(full);
    }

    [GeneratedRegex(@"(?<![\w/.-])((?:src|tests|bench|chaos|eng|docs)/[\w./-]+)")]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
