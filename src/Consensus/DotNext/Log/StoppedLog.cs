using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>DotNext's log without a replica.</summary>
internal static class StoppedLog
{
    /// <summary>Makes a log that has nothing yet and goes on after an entry that a snapshot holds.</summary>
    internal static void BeginAfter(string path, LogPlace place) => BeginAsync(path, place).GetAwaiter().GetResult();

    /// <summary>The highest term that was seen.</summary>
    internal static ulong SeenTerm(string path, SnapshotMeta? snapshot) => SeenTermAsync(path, snapshot).GetAwaiter().GetResult();

    private static async Task BeginAsync(string path, LogPlace place)
    {
        await using var log = new DurableLog(path, new Behind(new SnapshotMeta(place.Index, place.Term, Membership.Of(), 0)));
        IPersistentState state = log;
        // Elections go above the terms of the log before.
        await state.UpdateTermAsync((long)place.SeenTerm, resetLastVote: false, CancellationToken.None);
    }

    private static async Task<ulong> SeenTermAsync(string path, SnapshotMeta? snapshot)
    {
        await using var log = new DurableLog(path, new Behind(snapshot));
        return (ulong)log.Term;
    }

    /// <summary>Nothing is applied.</summary>
    private sealed class Behind(SnapshotMeta? meta) : IStateMachine
    {
        public ISnapshot? Snapshot { get; } = meta is null ? null : new ReportedSnapshot(meta);

        public ValueTask<long> ApplyAsync(LogEntry entry, CancellationToken token) => new(entry.Index);

        public ValueTask ReclaimGarbageAsync(long watermark, CancellationToken token) => ValueTask.CompletedTask;
    }
}
