using System.Runtime.CompilerServices;

namespace VideoScale.Harness;

/// <summary>Where this checkout lies: from the place of this source file, as it was compiled.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>Where C# is.</summary>
    public static IReadOnlyList<string> CodeFolders { get; } = ["bench", "chaos", "samples", "src", "tests"];

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>
    /// Source files that people write, without what builds leave; paths from the root, with forward slashes, in ordinal order.
    /// </summary>
    public static IReadOnlyList<string> Files(string folder, string pattern) =>
        [.. Directory.EnumerateFiles(Path(folder), pattern, SearchOption.AllDirectories)
            .Select(f => System.IO.Path.GetRelativePath(Root, f).Replace('\\', '/'))
            .Where(f => !f.Split('/').Any(part => part is "bin" or "obj" or "node_modules"))
            .Order(StringComparer.Ordinal)];

    private static string Find([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", ".."));
}
