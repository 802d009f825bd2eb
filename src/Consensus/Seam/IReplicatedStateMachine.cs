using System.Buffers;

namespace VideoScale.Consensus;

/// <summary>What the log feeds. All members are called on one thread, the apply thread, but for the snapshot writer's own work.</summary>
public interface IReplicatedStateMachine
{
    /// <summary>Applies one committed command. Must be deterministic; an exception stops the replica.</summary>
    /// <param name="reply">Takes the reply for the proposer; also kept for retries of the same proposal.</param>
    void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply);

    /// <summary>
    /// Called after a run of entries was applied, before waiting for more or running posted work: flush what was buffered, tell who
    /// follows.
    /// </summary>
    void EndOfBatch(ulong appliedIndex);

    /// <summary>Captures the state as of now, quickly; the writer serializes it later, on another thread.</summary>
    ISnapshotWriter BeginSnapshot();

    /// <summary>Replaces the whole state.</summary>
    ValueTask RestoreAsync(ISnapshotReader reader, CancellationToken cancellationToken);

    UInt128 StateHash();

    /// <summary>Log compaction never passes this index (e.g. what derived logs have on disk).</summary>
    ulong CompactionLimit { get; }
}

/// <summary>A captured state that can be written once, on any thread.</summary>
public interface ISnapshotWriter : IDisposable
{
    void WriteTo(Stream stream, CancellationToken cancellationToken);
}

/// <summary>A snapshot to read; its checksum has been verified.</summary>
public interface ISnapshotReader
{
    ulong Index { get; }
    Stream OpenRead();
}
