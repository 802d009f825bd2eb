using System.IO.MemoryMappedFiles;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Clocks;

/// <summary>The wall clock of one process, set at will while it runs; elapsed time goes on as it does.</summary>
public sealed class ShiftedClock : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _off;

    private ShiftedClock(string path, string library)
    {
        Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = library, ["VS_CLOCK"] = path };
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, sizeof(long));
        _off = _file.CreateViewAccessor();
    }

    /// <summary>From its next start on, a process's wall clock is this one.</summary>
    /// <param name="directory">Where the library and the clock's file go.</param>
    public static async Task<ShiftedClock> AttachAsync(ServerProcess server, string directory)
    {
        var clock = await MakeAsync(server.Name, directory);
        foreach (var (name, value) in clock.Environment) server.Environment[name] = value;
        return clock;
    }

    /// <summary>For a process that is started with its <see cref="Environment"/>.</summary>
    public static async Task<ShiftedClock> MakeAsync(string name, string directory) =>
        new(Path.Combine(directory, $"{name}.clock"), await Preload.CompileAsync("shifted-clock", directory));

    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>How far it is ahead of the machine's.</summary>
    public TimeSpan Off
    {
        get => TimeSpan.FromMicroseconds(_off.ReadInt64(0) / 1_000);
        set => _off.Write(0, (long)value.TotalMilliseconds * 1_000_000);
    }

    public void Dispose()
    {
        _off.Dispose();
        _file.Dispose();
    }
}
