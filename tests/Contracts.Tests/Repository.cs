using System.Runtime.CompilerServices;

namespace VideoScale.Contracts.Tests;

/// <summary>Where this checkout lies: from the place of this source file, as it was compiled here.</summary>
internal static class Repository
{
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root(), .. parts]);

    private static string Root([CallerFilePath] string here = "") => System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", ".."));
}
