using System.IO.MemoryMappedFiles;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Clocks;

/// <summary>The wall clock of one process, set at will while it runs; elapsed time goes on as it does.</summary>
public sealed class ShiftedClock : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _off;

    private ShiftedClock(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, sizeof(long));
        _off = _file.CreateViewAccessor();
    }

    /// <summary>From its next start on, a process's wall clock is this one.</summary>
    /// <param name="directory">Where the library and the clock's file go.</param>
    public static async Task<ShiftedClock> AttachAsync(ServerProcess server, string directory)
    {
        var path = Path.Combine(directory, $"{server.Name}.clock");
        var clock = new ShiftedClock(path);
        server.Environment["LD_PRELOAD"] = await Preload.CompileAsync("shifted-clock", directory);
        server.Environment["VS_CLOCK"] = path;
        return clock;
    }

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
