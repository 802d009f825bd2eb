using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Disks;

/// <summary>
/// A disk that can lose its power: an XFS file system on a loop device. After <see cref="LosePower"/> nothing that was not
/// synced comes back; the processes that used it must be ended before <see cref="Return"/>.
/// </summary>
public sealed class XfsVolume : IDisposable
{
    private const long SizeBytes = 2L << 30; // sparse; holds a few log segments, snapshots and the event log
    private const long SmallestBytes = 4_096;
    private readonly string _image;

    private XfsVolume(string image, string path) { _image = image; Path = path; }

    public string Path { get; }

    public static XfsVolume Create(string directory, string name)
    {
        var volume = new XfsVolume(System.IO.Path.Combine(directory, name + ".img"), System.IO.Path.Combine(directory, name));
        Directory.CreateDirectory(volume.Path);
        using (var image = File.Create(volume._image)) image.SetLength(SizeBytes);
        Shell.Run("mkfs.xfs", "-q", volume._image);
        volume.Mount();
        return volume;
    }

    /// <summary>Stops the file system at once without writing its log or any dirty page.</summary>
    public void LosePower() => Shell.Run("xfs_io", "-x", "-c", "shutdown", Path);

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Takes all the space that is left; <see cref="Free"/> gives it back.</summary>
    public void Fill()
    {
        for (var bytes = new DriveInfo(Path).AvailableFreeSpace; bytes > SmallestBytes; bytes = bytes * 3 / 4)
        {
            try
            {
                Shell.Run("fallocate", "--offset", $"{(File.Exists(Ballast) ? new FileInfo(Ballast).Length : 0)}", "--length",
                $"{bytes}", Ballast);
            }
            catch (InvalidOperationException) { } // more than there is in one piece: try with less
        }
    }

    public void Free() => File.Delete(Ballast);

    public void Return()
    {
        Shell.Run("umount", Path);
        Mount();
    }

    public void Dispose()
    {
        try { Shell.Run("umount", "-l", Path); }
        catch (InvalidOperationException) { return; } // not mounted any more
        File.Delete(_image);
    }

    private void Mount() => Shell.Run("mount", "-o", "loop", _image, Path);
}
