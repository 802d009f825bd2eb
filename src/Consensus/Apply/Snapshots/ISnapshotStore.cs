
namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>The replica's snapshots on disk. Any thread; a snapshot that is listed is complete, durable and checked.</summary>
public interface ISnapshotStore
{
    /// <summary>The newest complete snapshot, or null.</summary>
    SnapshotMeta? Latest { get; }

    /// <summary>Begins a snapshot made here. Nothing is listed until <see cref="ISnapshotSink.Commit"/>.</summary>
    ISnapshotSink Create(SnapshotMeta meta);

    /// <summary>
    /// Snapshots that are on their way to others and must stay, beside those that would be kept anyway; replaces what was said before.
    /// </summary>
    void Keep(IReadOnlyCollection<ulong> indexes) { }

    /// <summary>Opens the snapshot at exactly this index; null when it is gone. Its checksum has been verified.</summary>
    /// <remarks>An open snapshot stays readable even when the store drops it.</remarks>
    IStoredSnapshot? Open(ulong index);
}

public interface ISnapshotSink : IDisposable
{
    Stream Stream { get; }

    /// <summary>Makes the snapshot durable and the latest; older ones may be dropped.</summary>
    /// <returns>Its size in bytes.</returns>
    ulong Commit();
}

public interface IStoredSnapshot : ISnapshotReader, IDisposable
{
    SnapshotMeta Meta { get; }
    ulong Bytes { get; }
}
