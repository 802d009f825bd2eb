using System.Diagnostics;
using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Chaos.Mutants;

/// <summary>
/// A command line into which bugs are woven, built from a copy of the sources in a folder of its own. One build has all of them; a process
/// has the one that its environment names. The product's sources, and what is built from them, know nothing of it.
/// </summary>
public static partial class MutantBuild
{
    public const string Variable = "VIDEOSCALE_PLANTED";

    private const string SeamsFile = "Seams.g.cs";
    private static readonly string[] Beside = ["Directory.Build.props", "Directory.Packages.props", "global.json", "BannedSymbols.txt"];

    /// <summary>Those of the simulator, and what it does not simulate.</summary>
    private static string[] WeaveFiles =>
    [
        .. Directory.EnumerateFiles(Repository.Path("tests", "Simulation.Tests", "Weaving"), "*.weave").Order(StringComparer.Ordinal),
        Repository.Path("chaos", "Mutants", "binaries.weave"),
    ];

    public static IReadOnlyList<Seam> Seams => [.. WeaveFiles.SelectMany(static file => WeaveFile.Read(File.ReadLines(file)))];

    /// <summary>Bugs that can be planted.</summary>
    public static IReadOnlyList<string> Bugs => Names(Seams, "Bug");

    /// <param name="folder">For the copy; what is there already is built on.</param>
    /// <returns>The path of the command.</returns>
    public static async Task<string> MakeAsync(string folder, CancellationToken cancellationToken)
    {
        var (sources, seams) = (Repository.Path("src"), Seams.ToLookup(static seam => seam.File));
        foreach (var file in Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(sources, file);
            if (name.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj")) continue;
            var text = seams.Contains(name) ? WeaveFile.Weave(await File.ReadAllTextAsync(file, cancellationToken), seams[name]) : null;
            await PutAsync(file, Path.Combine(folder, "src", name), text);
        }
        foreach (var seam in seams)
            if (!File.Exists(Path.Combine(sources, seam.Key)))
                throw new FormatException($"a bug is woven into {seam.Key}, which is not there");
        foreach (var name in Beside) await PutAsync(Repository.Path(name), Path.Combine(folder, name), null);
        var props = await File.ReadAllTextAsync(Repository.Path("Directory.Build.props"), cancellationToken);
        await PutAsync(null, Path.Combine(folder, "Directory.Build.props"), props.Replace("</Project>",
            $"""  <ItemGroup><Compile Include="$(MSBuildThisFileDirectory){SeamsFile}" /></ItemGroup>""" + "\n</Project>",
                StringComparison.Ordinal));
        await PutAsync(null, Path.Combine(folder, SeamsFile), SeamTypes());
        await BuildAsync(folder, cancellationToken);
        return Path.Combine(folder, "src", "Cli", "bin", "Release", "net10.0", "VideoScale.Cli");
    }

    /// <summary>Only when it is another: a build sees what has changed.</summary>
    private static async Task PutAsync(string? file, string target, string? text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var bytes = text is null ? await File.ReadAllBytesAsync(file!) : System.Text.Encoding.UTF8.GetBytes(text);
        var before = File.Exists(target) ? await File.ReadAllBytesAsync(target) : [];
        if (!Enumerable.SequenceEqual(bytes, before)) await File.WriteAllBytesAsync(target, bytes);
    }

    private static async Task BuildAsync(string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", ["build", Path.Combine(folder, "src", "Cli"), "-c", "Release", "-v", "quiet", "--nologo",
            "-clp:NoSummary", "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false",
                "-nowarn:CS0436"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"the woven sources in {folder} do not build:\n{output}");
    }

    /// <summary>What seams refer to; in each assembly its own, and a bug is what the environment names.</summary>
    private static string SeamTypes() => $$"""
        global using VideoScale.Simulation.Seams;
        namespace VideoScale.Simulation.Seams;
        internal enum Bug { None, {{string.Join(", ", Bugs)}} }
        internal enum Mark { None, {{string.Join(", ", Names(Seams, "Mark"))}} }
        internal static class Marks { public static void Hit(Mark mark) { } }
        internal static class Planted
        {
            private static readonly Bug One =
                global::System.Enum.TryParse<Bug>(global::System.Environment.GetEnvironmentVariable("{{Variable}}"), out var bug) ? bug
                    : Bug.None;
            public static bool Is(Bug bug) => One == bug && bug != Bug.None;
            public static int Salt => global::System.Environment.ProcessId;
            // the machine's clock since its start, by which the agent measures
            public static long LocalNs => global::System.Environment.TickCount64 * 1_000_000;
        }

        """;

    private static string[] Names(IEnumerable<Seam> seams, string of) => [.. seams.SelectMany(seam => Reference().Matches(seam.Woven))
        .Where(match => match.Groups[1].Value == of).Select(static match =>
            match.Groups[2].Value).Distinct().Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"\b(Bug|Mark)\.(\w+)")]
    private static partial Regex Reference();
}
