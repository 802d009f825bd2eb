namespace VideoScale.Platform;

/// <summary>What a full disk looks like, and what its owner is told.</summary>
public static class DiskFull
{
    /// <summary>A log segment, the spare that follows it, and room for a snapshot and events until the next compaction.</summary>
    public const int NeededMegabytes = 256;

    public const int Errno = 28; // ENOSPC, errno.h

    /// <summary>.NET passes the errno of a failed write on in the exception's HResult; so do our own calls.</summary>
    public static bool Is(Exception e) => e is IOException && (e.HResult & 0xFFFF) == Errno;

    /// <param name="directory">A directory on the disk that is full.</param>
    public static string Advice(string directory) =>
        $"the disk is full: free at least {NeededMegabytes} MiB for {directory}, then start again; what was acknowledged is kept";
}
