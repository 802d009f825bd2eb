using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Syncs through libc, because .NET's own flush reports success when fsync failed. A failure is never retried: the kernel has marked the pages clean.</summary>
internal static partial class Disk
{
    private const int ReadOnlyDirectory = 0x10000; // O_RDONLY | O_DIRECTORY

    public static void SyncData(SafeFileHandle file, string path)
    {
        if (FDataSync(file) != 0) throw Failed("fdatasync", path);
    }

    /// <summary>Makes created and renamed names in a directory durable.</summary>
    public static void SyncDirectory(string directory)
    {
        var descriptor = Open(directory, ReadOnlyDirectory);
        if (descriptor < 0) throw Failed("open", directory);
        try
        {
            if (FSync(descriptor) != 0) throw Failed("fsync", directory);
        }
        finally { _ = Close(descriptor); }
    }

    /// <summary>Writes a whole file under a temporary name, syncs it and renames it into place.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            SyncData(file, temporary);
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static EventLogException Failed(string call, string path) =>
        new(EventLogProblem.WriteFailed, $"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
