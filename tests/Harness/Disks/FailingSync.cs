using System.Globalization;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Disks;

/// <summary>A disk that dies: a preloaded library makes fdatasync fail after some good calls, and loses what was not synced.</summary>
public static class FailingSync
{
    /// <returns>The library's path.</returns>
    public static Task<string> CompileAsync(string directory) => Preload.CompileAsync("failing-sync", directory);

    /// <param name="goodSyncs">How many calls succeed before all fail.</param>
    /// <param name="errno">What they fail with.</param>
    /// <param name="only">Only files whose path holds this; null for all.</param>
    public static IReadOnlyDictionary<string, string> Environment(string library, int goodSyncs, int errno, string? only = null)
    {
        var environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = library,
            ["VS_SYNCS"] = goodSyncs.ToString(CultureInfo.InvariantCulture),
            ["VS_ERRNO"] = errno.ToString(CultureInfo.InvariantCulture),
        };
        if (only is not null) environment["VS_ONLY"] = only;
        return environment;
    }
}
