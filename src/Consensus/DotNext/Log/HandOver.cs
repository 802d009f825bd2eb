using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>
/// What DotNext's log takes for the state machine: committed entries go to our apply thread, in order; snapshots are those of our store.
/// </summary>
internal sealed class HandOver(SnapshotStore store, Waiters waiters, SnapshotMeta? start) : IStateMachine
{
    private volatile ReportedSnapshot? _reported = start is null ? null : new ReportedSnapshot(start);
    private ApplyThread? _apply;

    internal SnapshotMeta? ReportedMeta => _reported?.Meta;

    /// <summary>
    /// The log keeps what comes after it and nothing before: it is the last snapshot but one, so that a member that was away shortly needs
    /// none.
    /// </summary>
    public ISnapshot? Snapshot => _reported;

    /// <summary>Before the log is opened.</summary>
    internal void To(ApplyThread apply) => _apply = apply;

    /// <summary>From now on the log may let go of what is in this snapshot.</summary>
    internal void Report(SnapshotMeta meta)
    {
        if (_reported is not { } now || now.Meta.Index < meta.Index) _reported = new ReportedSnapshot(meta);
    }

    public async ValueTask<long> ApplyAsync(LogEntry entry, CancellationToken token)
    {
        if (entry.IsSnapshot) return Restore(entry.Index);
        await _apply!.RoomAsync(token).ConfigureAwait(false);
        if (!entry.TryGetPayload(out var payload)) throw new InvalidDataException($"entry {entry.Index} of the log has no payload");
        _apply.Add(new ApplyItem(ApplyKind.Entry, Payload.Read(entry.Index, entry.Term, payload), waiters.Take(entry.Index, entry.Term)));
        return entry.Index;
    }

    /// <summary>The store drops old snapshots itself.</summary>
    public ValueTask ReclaimGarbageAsync(long watermark, CancellationToken token) => ValueTask.CompletedTask;

    private long Restore(long index)
    {
        using var stored = store.Open((ulong)index) ?? throw new InvalidDataException($"the snapshot at {index} is gone");
        _apply!.Add(new ApplyItem(ApplyKind.Restore, default, stored.Meta)); // entries before it that were not handed over are in it
        _reported = new ReportedSnapshot(stored.Meta);
        return index;
    }
}

/// <summary>A snapshot of our store as DotNext knows it: index and term. Its bytes go from store to store, never through the log.</summary>
internal sealed class ReportedSnapshot(SnapshotMeta meta) : ISnapshot
{
    internal SnapshotMeta Meta => meta;
    public long Index => (long)meta.Index;
    public long Term => (long)meta.Term;
    public bool IsReusable => true;
    public long? Length => 0;

    public ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token) where TWriter : IAsyncBinaryWriter =>
        ValueTask.CompletedTask;
}
