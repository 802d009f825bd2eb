using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VideoScale.Platform;

/// <summary>
/// The system calls whose failure must be seen. Measured on .NET 10.0.12: <c>RandomAccess.FlushToDisk</c> and
/// <c>FileStream.Flush(true)</c> return normally when fsync failed with EIO or ENOSPC, so no sync goes through them.
/// </summary>
public static partial class Libc
{
    private const int OpenReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, the same on x64 and arm64
    private const int OpenLockFile = OpenReadOnlyCloseOnExec | 2 | 0x40; // O_RDWR | O_CREAT
    private const int LockFileMode = 0x1A4; // 0644
    private const int LockExclusiveNonBlocking = 2 | 4; // LOCK_EX | LOCK_NB
    private const int LockRelease = 8; // LOCK_UN
    private const uint SyncFileRangeWrite = 2;
    private const int ErrnoWouldBlock = 11; // EWOULDBLOCK

    // Symbols are looked up in the whole process and not in libc.so alone, so that a preloaded library
    // (fault injection, tracing) stands in front of libc here as it does for programs in C.
    static Libc() => NativeLibrary.SetDllImportResolver(typeof(Libc).Assembly, static (name, _, _) =>
        name == "libc" ? NativeLibrary.GetMainProgramHandle() : IntPtr.Zero);

    /// <summary>fdatasync; never retried on failure: the kernel has marked the pages clean.</summary>
    public static void SyncData(SafeFileHandle file, string path)
    {
        if (fdatasync(file) != 0) throw Failed("fdatasync", path);
    }

    /// <summary>
    /// Has the kernel begin to write out a range, and waits for nothing: no flush, no commit of the file system's journal. Durable it is
    /// only after <see cref="SyncData"/>.
    /// </summary>
    public static void StartWriting(SafeFileHandle file, long offset, long bytes, string path)
    {
        if (sync_file_range(file, offset, bytes, SyncFileRangeWrite) != 0) throw Failed("sync_file_range", path);
    }

    /// <summary>Makes creations and renames in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        using var directory = new SafeFileHandle(open(path, OpenReadOnlyCloseOnExec, 0), ownsHandle: true);
        if (directory.IsInvalid) throw Failed("open", path);
        if (fsync(directory) != 0) throw Failed("fsync", path);
    }

    /// <summary>
    /// Locks a file, made when missing. Opened here, because .NET's own opening takes an flock that would stand against ours.
    /// </summary>
    /// <returns>Holds the lock until <see cref="Unlock"/>; null when somebody else holds it.</returns>
    public static SafeFileHandle? TryLock(string path)
    {
        var file = new SafeFileHandle(open(path, OpenLockFile, LockFileMode), ownsHandle: true);
        if (file.IsInvalid) throw Failed("open", path);
        if (flock(file, LockExclusiveNonBlocking) == 0) return file;
        var refused = Marshal.GetLastPInvokeError() == ErrnoWouldBlock ? null : Failed("flock", path);
        file.Dispose();
        return refused is null ? null : throw refused;
    }

    /// <summary>
    /// Gives a lock back and closes its file. Closing alone is not enough: a child that is being started has all descriptors until its
    /// exec, and the lock with them.
    /// </summary>
    public static void Unlock(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!file.IsClosed) _ = flock(file, LockRelease); // it fails only for what is no file
        file.Dispose();
    }

    private static IOException Failed(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        var what = errno == DiskFull.Errno ? DiskFull.Advice(Path.GetDirectoryName(path) ?? path) : Marshal.GetPInvokeErrorMessage(errno);
        return new IOException($"{call} of {path} failed (errno {errno}): {what}", errno);
    }

#pragma warning disable IDE1006, SYSLIB1092 // named as in libc
    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sync_file_range(SafeFileHandle file, long offset, long bytes, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);
#pragma warning restore IDE1006, SYSLIB1092
}
