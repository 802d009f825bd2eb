namespace VideoScale.Consensus.Host.Storage;

/// <summary>A data directory that this process must not use; the message says what to do.</summary>
public class DataDirectoryException : Exception
{
    public DataDirectoryException() { }
    public DataDirectoryException(string message) : base(message) { }
    public DataDirectoryException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>
/// Bytes that were durable have changed. Nothing is truncated or deleted: the range can be fetched from the cluster's leader.
/// </summary>
public sealed class RotFoundException : DataDirectoryException
{
    public RotFoundException() { }
    public RotFoundException(string message) : base(message) { }
    public RotFoundException(string message, Exception innerException) : base(message, innerException) { }

    public RotFoundException(string file, long position, string what, ulong firstIndex, ulong lastIndex) : base(
        $"{file} is damaged at byte {position}: {what}. Entries {firstIndex} to {(lastIndex == ulong.MaxValue ? "the end" : lastIndex)} may be affected. "
        + "Nothing was changed. Restore this directory from a backup, or move it away and add this replica to the cluster as a new member; "
        + "check the disk before you use it again.")
    {
        File = file;
        Position = position;
        FirstIndex = firstIndex;
        LastIndex = lastIndex;
    }

    public string File { get; } = "";
    /// <summary>Byte offset in <see cref="File"/> of the first record that does not verify.</summary>
    public long Position { get; }
    /// <summary>The first entry that may be damaged.</summary>
    public ulong FirstIndex { get; }
    /// <summary>The last entry that may be damaged; <see cref="ulong.MaxValue"/> when unknown.</summary>
    public ulong LastIndex { get; }
}

/// <summary>A write or sync failed. The log is poisoned, nothing more becomes durable and the process must end; it is never retried.</summary>
public sealed class StorageFailedException : Exception
{
    public StorageFailedException() { }
    public StorageFailedException(string message) : base(message) { }
    public StorageFailedException(string message, Exception innerException) : base(message, innerException) { }
}
