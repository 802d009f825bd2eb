using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

public sealed partial class SourceTests
{
    private static readonly IReadOnlyList<string> Code = [.. Repository.CodeFolders.SelectMany(folder => Repository.Files(folder, "*.cs"))];

    [Fact]
    public void Every_kind_of_log_line_has_a_number_of_its_own()
    {
        var ids = Code.Where(f => f.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(f => LogId().Matches(File.ReadAllText(Repository.Path(f))).Select(m => (Id: m.Groups[1].Value, File: f))).ToList();
        Assert.True(ids.Count > 20, $"only {ids.Count} log lines were found");
        Assert.Empty(ids.GroupBy(i => i.Id, StringComparer.Ordinal).Where(g => g.Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(i => i.File))}"));
    }

    [Fact]
    public void No_test_is_left_out()
    {
        var tests = Code.Where(f => f.StartsWith("tests/", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(tests, f => LeftOut().IsMatch(File.ReadAllText(Repository.Path(f))));
    }

    [Fact]
    public void Nothing_is_left_unfinished_or_tied_to_one_machine()
    {
        // Spelled in parts, or this file would be found.
        var marks = new Regex(string.Join('|', "TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception", "/wo" + "rk/", "/tmp/" + "wt",
            "/ho" + "me/", "/ro" + "ot/"));
        var texts = Code.Concat(new[] { "eng", "docs" }.SelectMany(folder => Repository.Files(folder, "*")))
            .Concat(["README.md", "CHANGELOG.md", "dev", "videoscale", ".ci/run"]).Concat(Repository.Files("tests/Interop", "*.js"));
        var found = texts.SelectMany(f => File.ReadLines(Repository.Path(f)).Select((line, i) => (Where: $"{f}:{i + 1}", Line: line)))
            .Where(l => marks.IsMatch(l.Line)).Select(l => $"{l.Where} {l.Line.Trim()}");
        Assert.Empty(found);
    }

    [Fact]
    public void Every_project_is_in_the_solution_and_has_its_lock_file()
    {
        var solution = File.ReadAllText(Repository.Path("VideoScale.sln")).Replace('\\', '/');
        foreach (var project in Repository.CodeFolders.SelectMany(folder => Repository.Files(folder, "*.csproj")))
        {
            Assert.True(solution.Contains($"\"{project}\"", StringComparison.Ordinal), $"{project} is not in VideoScale.sln");
            Assert.True(File.Exists(Repository.Path(Path.GetDirectoryName(project)!, "packages.lock.json")),
                $"{project} has no packages.lock.json");
        }
    }

    /// <summary>
    /// What looking at spaces alone does not see, and loading the whole solution would take three minutes of a core to see.
    /// </summary>
    [Fact]
    public void Usings_are_in_order()
    {
        foreach (var file in Code)
        {
            var names = File.ReadLines(Repository.Path(file)).Select(line => PlainUsing().Match(line)).Where(match => match.Success)
                .Select(match => match.Groups[1].Value).ToList();
            Assert.Equal(names.OrderBy(name => name.Split('.')[0] != "System")
                .ThenBy(name => name.Replace(".", " ", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase), names);
        }
    }

    [Fact]
    public void Lock_files_name_no_registry()
    {
        foreach (var file in Repository.CodeFolders.SelectMany(folder => Repository.Files(folder, "*lock.json")))
            Assert.False(File.ReadAllText(Repository.Path(file)).Contains("\"resolved\": \"http", StringComparison.Ordinal), file);
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void What_is_run_by_hand_may_be_run()
    {
        foreach (var script in (string[])["videoscale", "dev", ".ci/run"])
            Assert.True((File.GetUnixFileMode(Repository.Path(script)) & UnixFileMode.UserExecute) != 0, $"{script} is not executable");
    }

    /// <summary>
    /// A second loop over commands would be what tests and benches run, and not what replicas run, or the other way round.
    /// </summary>
    [Fact]
    public void Commands_are_decided_in_one_loop()
    {
        var deciding = Code.Where(f => !f.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal)
            && File.ReadAllText(Repository.Path(f)).Contains("Deciders.Decide(", StringComparison.Ordinal));
        Assert.Equal(["src/ControlPlane/Core/Execution/CommandRunner.cs"], deciding);
    }

    /// <summary>Figures are counted by .NET's meters; what exports them is known in one place.</summary>
    [Fact]
    public void One_file_knows_the_exporter_of_figures() => Assert.Equal(["src/Contracts/Rpc/Server/MetricsEndpoint.cs"],
        Code.Where(f => File.ReadLines(Repository.Path(f)).Contains("using Prometheus;")));

    /// <summary>Texts that are shown as they stand, and numbers of many digits, cannot be wrapped.</summary>
    [Fact]
    public void No_line_is_wider_than_a_reader_can_hold()
    {
        const int MostColumns = 140, AWord = 100;
        var tooWide = new List<string>();
        foreach (var file in Code)
        {
            var isText = false;
            var number = 0;
            foreach (var line in File.ReadLines(Repository.Path(file)))
            {
                number++;
                var wasText = isText;
                for (var at = line.IndexOf("\"\"\"", StringComparison.Ordinal); at >= 0;
                    at = line.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal))
                    isText = !isText;
                if (line.Length <= MostColumns || wasText || isText || line.Contains("\"\"\"", StringComparison.Ordinal)
                    || line.Split(' ').Any(word => word.Length > AWord)) continue;
                tooWide.Add($"{file}:{number}: {line.Length} columns");
            }
        }
        Assert.Empty(tooWide);
    }

    [GeneratedRegex(@"^using ([A-Z][A-Za-z0-9_.]*);$")]
    private static partial Regex PlainUsing();

    [GeneratedRegex(@"LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d+)")]
    private static partial Regex LogId();

    [GeneratedRegex(@"\[(Fact|Theory|InlineData)\([^\]]*\bSkip\s*=")]
    private static partial Regex LeftOut();
}
