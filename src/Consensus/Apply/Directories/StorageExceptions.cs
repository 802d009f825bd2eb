
namespace VideoScale.Consensus.Apply.Directories;

/// <summary>
/// Bytes that were durable have changed. Nothing is truncated or deleted: the range can be fetched from the cluster's leader.
/// </summary>
public sealed class RotFoundException : DataDirectoryException
{
    public RotFoundException() => Finding = Message;
    public RotFoundException(string message) : base(message) => Finding = message;
    public RotFoundException(string message, Exception innerException) : base(message, innerException) => Finding = message;

    public RotFoundException(string file, long position, string what, ulong firstIndex, ulong lastIndex)
        : this(
            $"{file} is damaged at byte {position}: {what}. Entries {firstIndex} to "
            + $"{(lastIndex == ulong.MaxValue ? "the end" : lastIndex)} may be affected", alone: true)
    {
        File = file;
        Position = position;
        FirstIndex = firstIndex;
        LastIndex = lastIndex;
    }

    private RotFoundException(string finding, bool alone) : base(alone ? $"{finding}. {Advice}" : finding) => Finding = finding;

    /// <summary>Something is missing of which no byte can be named.</summary>
    internal static RotFoundException Missing(string finding) => new(finding, alone: true);

    /// <summary>What was found, without what a replica that is alone is told.</summary>
    public string Finding { get; }

    /// <summary>For a replica that does not start because entries are missing: among others it would.</summary>
    internal const string Advice =
        "Nothing was changed. No other replica could give them to this one. To go on without them: a backup of the whole directory, of "
        + "one moment, loses what came after it, "
        + "and an empty directory loses all. Check the disk before you use it again. See docs/backup.md";

    public string File { get; } = "";
    /// <summary>Byte offset in <see cref="File"/> of the first record that does not verify.</summary>
    public long Position { get; }
    /// <summary>The first entry that may be damaged.</summary>
    public ulong FirstIndex { get; }
    /// <summary>The last entry that may be damaged; <see cref="ulong.MaxValue"/> when unknown.</summary>
    public ulong LastIndex { get; }
}

/// <summary>
/// A write or sync failed. The log is poisoned, nothing more becomes durable and the process must end; it is never retried.
/// </summary>
public sealed class StorageFailedException : Exception
{
    public StorageFailedException() { }
    public StorageFailedException(string message) : base(message) { }
    public StorageFailedException(string message, Exception innerException) : base(message, innerException) { }
}
