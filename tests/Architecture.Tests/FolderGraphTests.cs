using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>
/// Which folder uses which, by the usings of its files: without circles, so that each can be read, tried and replaced without what stands
/// above it. The page is what is found. After a change: <c>UPDATE_GOLDEN=1 ./dev test folder_graph</c>.
/// </summary>
public sealed partial class FolderGraphTests
{
    private const string Page = "docs/graph.md";

    private static readonly IReadOnlyList<string> Projects = [.. Repository.Files("src", "*.csproj")
        .Select(project => Path.GetDirectoryName(project)!.Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Fact]
    public void No_folder_of_a_project_uses_one_that_uses_it()
    {
        foreach (var project in Projects)
        {
            var uses = Uses(project);
            Assert.True(Circle(uses) is { Count: 0 }, $"{project}: {string.Join(" → ", Circle(uses))}");
        }
    }

    [Fact]
    public void A_circle_is_found()
    {
        var uses = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal) { ["a"] = ["b"], ["b"] = ["c"], ["c"] = ["b"] };
        Assert.Equal(["b", "c", "b"], Circle(uses));
    }

    /// <summary>
    /// A using names a namespace: where several folders share one, what they use of each other is not seen. Contracts/Rpc is one namespace
    /// to whoever uses it, and so is the start of the engine.
    /// </summary>
    [Fact]
    public void A_namespace_is_its_folder()
    {
        foreach (var project in Projects.Except(["src/Contracts/Rpc"]))
            foreach (var (file, text) in Files(project).Where(file => !file.File.StartsWith("src/Consensus/Engine/Startup/",
                StringComparison.Ordinal)))
            {
                var folders = Path.GetDirectoryName(file)![project.Length..].Replace('\\', '/').Replace('/', '.');
                if (Namespace().Match(text) is { Success: true } declared)
                    Assert.True(declared.Groups[1].Value.EndsWith(folders, StringComparison.Ordinal),
                        $"{file}: {declared.Groups[1].Value}");
            }
    }

    [Fact]
    public void Usings_are_in_the_file_that_needs_them() =>
        Assert.DoesNotContain(Repository.Files("src", "*.cs"), file => GlobalUsing().IsMatch(File.ReadAllText(Repository.Path(file))));

    [Fact]
    public void The_page_of_the_folder_graph_is_what_is_built()
    {
        var page = Describe();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(Repository.Path(Page), page);
        Assert.Equal(page, File.ReadAllText(Repository.Path(Page)));
    }

    private static string Describe()
    {
        var page = new StringBuilder("""
            # Who uses whom

            Made by a test from the project files and the usings (`tests/Architecture.Tests/FolderGraphTests.cs`); it fails when the page is not what is built, and when folders
            use each other in a circle. What may be imported at all is a table of [the architecture](ARCHITECTURE.md).

            ## Projects

            """).AppendLine("```mermaid").AppendLine("graph LR");
        foreach (var project in Projects)
            foreach (var import in Imports(project)) page.AppendLine($"  {Short(project)} --> {Short(import)}");
        page.AppendLine("```");
        foreach (var project in Projects)
        {
            var uses = Uses(project);
            if (uses.Count < 2) continue;
            page.AppendLine().AppendLine($"## {Short(project)}");
            page.AppendLine().AppendLine("| folder | uses |").AppendLine("|---|---|");
            foreach (var (folder, used) in uses) page.AppendLine($"| {folder} | {string.Join(", ", used)} |");
        }
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string Short(string project) => project["src/".Length..];

    private static IEnumerable<string> Imports(string project) =>
        XDocument.Load(Repository.Path(Repository.Files(project, "*.csproj")
            .Single(file => Path.GetDirectoryName(file)!.Replace('\\', '/') == project))).Descendants()
            .Where(element => element.Name.LocalName == "ProjectReference")
            .Select(element => Path.GetRelativePath(Repository.Path(), Path.GetFullPath(
                Path.Combine(Repository.Path(project), Path.GetDirectoryName(element.Attribute("Include")!.Value.Replace('\\', '/'))!)))
                .Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    /// <summary>By top folder; folders in it belong to it, and files beside the folders are what puts them together.</summary>
    private static SortedDictionary<string, SortedSet<string>> Uses(string project)
    {
        var files = Files(project).Select(file => (Folder: FolderOf(project, file.File), file.Text))
            .Where(file => file.Folder.Length > 0).ToList();
        var folderOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (folder, text) in files)
            if (Namespace().Match(text) is { Success: true } declared) folderOf[declared.Groups[1].Value] = folder;
        var uses = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var (folder, text) in files)
        {
            if (!uses.TryGetValue(folder, out var used)) uses[folder] = used = new SortedSet<string>(StringComparer.Ordinal);
            foreach (Match match in Using().Matches(text))
                if (folderOf.TryGetValue(match.Groups[1].Value, out var other) && other != folder) used.Add(other);
        }
        return uses;
    }

    /// <summary>Those of projects inside this one are not its own.</summary>
    private static IEnumerable<(string File, string Text)> Files(string project) => Repository.Files(project, "*.cs")
        .Where(file => Projects.Where(other => file.StartsWith(other + "/", StringComparison.Ordinal))
            .MaxBy(other => other.Length) == project)
        .Select(file => (file, File.ReadAllText(Repository.Path(file))));

    private static string FolderOf(string project, string file) =>
        file[(project.Length + 1)..].Split('/') is { Length: > 1 } parts ? parts[0] : "";

    /// <returns>A way that ends where it passed before; empty when there is none.</returns>
    private static List<string> Circle(SortedDictionary<string, SortedSet<string>> uses)
    {
        var (done, way) = (new HashSet<string>(StringComparer.Ordinal), new List<string>());
        foreach (var start in uses.Keys)
            if (Walk(start)) return way[way.IndexOf(way[^1])..];
        return [];

        bool Walk(string at)
        {
            var passed = way.Contains(at);
            way.Add(at);
            if (passed) return true;
            if (!done.Contains(at))
                foreach (var next in uses.GetValueOrDefault(at) ?? [])
                    if (Walk(next)) return true;
            done.Add(at);
            way.RemoveAt(way.Count - 1);
            return false;
        }
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex("^global using ", RegexOptions.Multiline)]
    private static partial Regex GlobalUsing();
}
