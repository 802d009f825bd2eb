using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Disks;

/// <summary>A tmpfs of few megabytes, so that a disk can really be full; mounting takes root, as the fault scenarios do.</summary>
public sealed class SmallDisk : IDisposable
{
    private const int MegabyteBytes = 1 << 20;

    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static SmallDisk Mount(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        Shell.Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path);
        return new SmallDisk(path);
    }

    public void Resize(int megabytes) => Shell.Run("mount", "-o", $"remount,size={megabytes}m", Path);

    /// <summary>Takes all the space that is left.</summary>
    /// <returns>The file to delete when there shall be space again.</returns>
    public string Fill()
    {
        var ballast = System.IO.Path.Combine(Path, "ballast");
        using var file = new FileStream(ballast, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        for (var chunk = MegabyteBytes; chunk > 0; chunk /= 2)
        {
            var bytes = new byte[chunk];
            try { while (true) file.Write(bytes); }
            catch (IOException) { } // as much as that does not fit any more: try with less
        }
        return ballast;
    }

    public void Dispose() => Shell.Run("umount", "--lazy", Path);
}
