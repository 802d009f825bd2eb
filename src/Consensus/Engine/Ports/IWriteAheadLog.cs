using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Ports;

/// <summary>The durable log of one replica: entries and hard state in one stream.</summary>
/// <remarks>All calls but <see cref="Load"/> come from one thread, the driver's loop.</remarks>
public interface IWriteAheadLog : IAsyncDisposable
{
    /// <summary>Reads what is durable. Called once, before <see cref="Start"/>.</summary>
    LoadedLog Load();

    void Start(IStorageListener listener);

    /// <summary>Takes a batch without waiting for the disk: whatever it keeps of the batch it copies before it returns.</summary>
    /// <remarks>Batches become durable in the order given; <see cref="IStorageListener.OnDurable"/> may cover several at once.</remarks>
    void Append(in WriteBatch batch);

    /// <summary>Entries up to the index are not needed any more; their space may be taken back lazily.</summary>
    /// <param name="index">The new base of the log: <see cref="LoadedLog.BaseIndex"/> may be lower after a restart, never higher.</param>
    /// <param name="term">The term at that index.</param>
    void Compact(ulong index, ulong term);
}

/// <summary>One write: everything that one step of the core wants on disk together.</summary>
public readonly ref struct WriteBatch
{
    /// <summary>Grows by one with every batch; echoed in <see cref="IStorageListener.OnDurable"/>.</summary>
    public required ulong Token { get; init; }

    /// <summary>The replica's term when the batch was made; echoed.</summary>
    public required ulong Term { get; init; }

    /// <summary>The log's last index once this batch is written; echoed.</summary>
    public required ulong LastIndex { get; init; }

    public required HardState HardState { get; init; }

    /// <summary>
    /// Term or vote differ from the last batch's: must be written. When false only the commit index may have moved, which needs no write of
    /// its own.
    /// </summary>
    public required bool HardStateChanged { get; init; }

    /// <summary>Drop the whole log and go on after this snapshot; <see cref="Entries"/> is then empty.</summary>
    public SnapshotMeta? ResetTo { get; init; }

    /// <summary>
    /// Consecutive entries, in pieces. The first one's index may be inside the log: everything from there on is replaced.
    /// </summary>
    public ReadOnlySpan<ReadOnlyMemory<Entry>> Entries { get; init; }
}

/// <summary>What a log holds after a restart.</summary>
/// <param name="BaseIndex">The index before the first entry: 0, or where the log was compacted or reset to.</param>
/// <param name="Entries">Consecutive, from BaseIndex + 1; payloads are owned by the receiver.</param>
public sealed record LoadedLog(HardState HardState, ulong BaseIndex, ulong BaseTerm, IReadOnlyList<Entry> Entries)
{
    public static LoadedLog Empty { get; } = new(default, 0, 0, []);
}

/// <summary>Storage tells the driver; called on the log's own thread.</summary>
public interface IStorageListener
{
    /// <summary>This batch and all before it are on disk (synced).</summary>
    void OnDurable(ulong token, ulong term, ulong lastIndex);

    /// <summary>A write or sync failed. The log is poisoned; nothing more becomes durable; the process must end.</summary>
    void OnStorageFailed(Exception cause);
}
