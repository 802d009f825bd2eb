using Microsoft.Win32.SafeHandles;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Syncs of the event log. A failure is never retried: the kernel has marked the pages clean.</summary>
internal static class Disk
{
    public static void SyncData(SafeFileHandle file, string path)
    {
        try { Libc.SyncData(file, path); }
        catch (IOException e) { throw new EventLogException(EventLogProblem.WriteFailed, e.Message, e); }
    }

    /// <summary>Makes created and renamed names in a directory durable.</summary>
    public static void SyncDirectory(string directory)
    {
        try { Libc.SyncDirectory(directory); }
        catch (IOException e) { throw new EventLogException(EventLogProblem.WriteFailed, e.Message, e); }
    }

    /// <summary>Writes a whole file under a temporary name, syncs it and renames it into place.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        try { DurableFile.Write(path, content); }
        catch (IOException e) { throw new EventLogException(EventLogProblem.WriteFailed, e.Message, e); }
    }
}
