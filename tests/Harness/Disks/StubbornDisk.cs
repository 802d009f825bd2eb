using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Disks;

/// <summary>
/// Disks that can be made to wait, to be slow or to fail while their process runs: a preloaded library looks at a file of each one before
/// it writes or
/// syncs.
/// </summary>
public sealed class StubbornDisk
{
    private readonly string _library, _directory;

    private StubbornDisk(string library, string directory) => (_library, _directory) = (library, directory);

    /// <param name="directory">For the library and the files.</param>
    public static async Task<StubbornDisk> CompileAsync(string directory) =>
        new(await Preload.CompileAsync("stubborn-disk", directory), directory);

    /// <param name="name">Of one process's disk.</param>
    /// <param name="only">Only files whose path holds this.</param>
    public IReadOnlyDictionary<string, string> Environment(string name, string only) => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = _library,
        ["VS_DISK"] = FileOf(name),
        ["VS_ONLY"] = only,
    };

    /// <summary>Nothing becomes durable until it goes on.</summary>
    public void Hold(string name) => Say(name, "hold");

    /// <summary>EIO from now on.</summary>
    public void Fail(string name) => Say(name, "fail");

    /// <summary>Each write and each sync takes that much longer from now on.</summary>
    public void Slow(string name, int milliseconds) => Say(name, $"slow {milliseconds}");

    public void GoOn(string name) => File.Delete(FileOf(name));

    private string FileOf(string name) => Path.Combine(_directory, $"{name}.disk");

    private void Say(string name, string word)
    {
        File.WriteAllText(FileOf(name) + ".next", word);
        File.Move(FileOf(name) + ".next", FileOf(name), overwrite: true);
    }
}
