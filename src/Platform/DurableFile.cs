namespace VideoScale.Platform;

/// <summary>Small files that are there whole or not at all.</summary>
public static class DurableFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".tmp";
        using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, content, 0);
            Libc.SyncData(handle, temporary);
        }
        File.Move(temporary, path, overwrite: true);
        Libc.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    public static void Delete(string path)
    {
        File.Delete(path);
        Libc.SyncDirectory(Path.GetDirectoryName(path)!);
    }
}
