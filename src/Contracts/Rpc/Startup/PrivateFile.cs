namespace VideoScale.Rpc;

/// <summary>A file that nobody but its owner reads, from its first byte on.</summary>
public static class PrivateFile
{
    /// <param name="mode">What becomes of one that is there.</param>
    public static void Write(string path, string text, FileMode mode)
    {
        var create = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, create);
        writer.Write(text);
    }
}
