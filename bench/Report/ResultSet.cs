using VideoScale.Harness;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

/// <summary>The results of all benchmarks, in the order of their names.</summary>
internal static class ResultSet
{
    internal const string Folder = "bench/results";

    internal static IReadOnlyList<ResultFile> Load() =>
        [.. Directory.EnumerateFiles(Repository.Path("bench", "results"), "*.json").Order(StringComparer.Ordinal).Select(ResultFile.Load)];

    /// <param name="source">A results file, a folder of them, or a commit.</param>
    /// <returns>Null when it is none of these.</returns>
    internal static IReadOnlyList<ResultFile>? From(string source)
    {
        if (File.Exists(source)) return [ResultFile.Load(source)];
        if (Directory.Exists(source))
            return [.. Directory.EnumerateFiles(source, "*.json").Order(StringComparer.Ordinal).Select(ResultFile.Load)];
        if (SourceState.Git("ls-tree", "--name-only", source, $"{Folder}/") is not { } listed) return null;
        return [.. listed.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(path => ResultFile.Parse(SourceState.Git("show", $"{source}:{path}")!))];
    }
}
