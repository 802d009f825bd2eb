using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>
/// DotNext's log, which lists the interface of its replication again, so that appending is ours: a follower acknowledges only what its disk
/// has, an entry that is held already is not written again, and a leader appends only in its own term. A leader's commit waits for its own
/// disk in the log itself.
/// </summary>
internal sealed class DurableLog : WriteAheadLog, IAuditTrail<IRaftLogEntry>
{
    private const int ChunkBytes = 1 << 20; // a power of two: pages are found by masking
    private readonly bool _asShipped;
    private readonly SemaphoreSlim _gate = new(1, 1); // one appends at a time: the log's wait for a sync bears a single waiter

    /// <param name="asShipped">Entries are appended as DotNext does it: for comparisons alone.</param>
    internal DurableLog(string path, IStateMachine machine, bool asShipped = false) : base(new Options
    {
        Location = path,
        MemoryManagement = MemoryManagementStrategy.PrivateMemory, // a full disk under a mapping is SIGBUS, under a write an error
        ChunkSize = ChunkBytes,
        HashAlgorithm = IntegrityHashAlgorithm.XxHash3,
    }, machine) => _asShipped = asShipped;

    internal long Term => ((IPersistentState)this).Term;

    /// <summary>Appends commands of this leader, who replicates them next.</summary>
    /// <returns>The index of the first; 0 when the term is over, and nothing was appended.</returns>
    internal async ValueTask<long> AppendOwnAsync(long term, IReadOnlyList<Proposal> batch, Waiters waiters,
        CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A later leader's entries come through the same gate, after the term has changed: none of ours is ever behind them.
            if (Term != term) return 0;
            var first = LastEntryIndex + 1;
            for (var i = 0; i < batch.Count; i++) waiters.Add(first + i, term, batch[i].Waiter);
            for (var i = 0; i < batch.Count; i++)
            {
                var index = await AppendAsync(new BinaryLogEntry { Term = term, Content = batch[i].Payload }, CancellationToken.None)
                    .ConfigureAwait(false);
                if (index != first + i) throw new ConsensusInvariantException("one appends to the log at a time");
            }
            return first;
        }
        finally { _gate.Release(); }
    }

    /// <summary>Completes, with what broke it, when the log can vouch for nothing more.</summary>
    internal async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true) await WaitForApplyAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A new leader's first entry, which has no bytes of its own.</summary>
    async ValueTask<long> IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, CancellationToken token)
    {
        await _gate.WaitAsync(token).ConfigureAwait(false);
        try
        {
            if (entry.Term != Term) throw new NotLeaderException();
            return await AppendAsync(new BinaryLogEntry { Term = entry.Term, Content = Payload.Noop }, token).ConfigureAwait(false);
        }
        finally { _gate.Release(); }
    }

    /// <summary>A leader's entries, which are acknowledged when this returns.</summary>
    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted,
        CancellationToken token)
    {
        if (_asShipped)
        {
            await AppendAsync(entries, startIndex, skipCommitted, token).ConfigureAwait(false);
            return;
        }
        if (entries.RemainingCount == 0) return;
        await _gate.WaitAsync(token).ConfigureAwait(false);
        try
        {
            await AppendMissingAsync(entries, startIndex, token).ConfigureAwait(false);
            await FlushAsync(token).ConfigureAwait(false); // also what was held already: an earlier try may not have come so far
        }
        finally { _gate.Release(); }
    }

    private async ValueTask AppendMissingAsync<TEntry>(ILogEntryProducer<TEntry> entries, long index, CancellationToken token)
        where TEntry : IRaftLogEntry
    {
        for (var committed = LastCommittedEntryIndex; index <= committed; index++)
            if (!await entries.MoveNextAsync().ConfigureAwait(false)) return;
        var last = Math.Min(LastEntryIndex, index + entries.RemainingCount - 1);
        var held = index <= last ? await ReadAsync(TermReader.Instance, index, last, token).ConfigureAwait(false) : [];
        foreach (var term in held)
        {
            if (!await entries.MoveNextAsync().ConfigureAwait(false)) return;
            if (entries.Current.Term != term)
            {
                await AppendAsync(new FromCurrent<TEntry>(entries), index, skipCommitted: false, token).ConfigureAwait(false);
                return;
            }
            index++;
        }
        if (entries.RemainingCount > 0) await AppendAsync(entries, index, skipCommitted: false, token).ConfigureAwait(false);
    }

    private sealed class TermReader : ILogEntryConsumer<IRaftLogEntry, long[]>
    {
        internal static TermReader Instance { get; } = new();

        public bool LogEntryMetadataOnly => true;

        public ValueTask<long[]> ReadAsync<TEntry, TList>(TList entries, long? snapshotIndex, CancellationToken token)
            where TEntry : IRaftLogEntry where TList : IReadOnlyList<TEntry>
        {
            if (snapshotIndex is not null) throw new ConsensusInvariantException("what is in a snapshot is committed");
            var terms = new long[entries.Count];
            for (var i = 0; i < terms.Length; i++) terms[i] = entries[i].Term;
            return new ValueTask<long[]>(terms);
        }
    }

    /// <summary>Entries from the one that is current already.</summary>
    private sealed class FromCurrent<TEntry>(ILogEntryProducer<TEntry> entries) : ILogEntryProducer<TEntry> where TEntry : IRaftLogEntry
    {
        private bool _begun;

        public TEntry Current => entries.Current;
        public long RemainingCount => entries.RemainingCount + (_begun ? 0 : 1);

        public ValueTask<bool> MoveNextAsync()
        {
            if (_begun) return entries.MoveNextAsync();
            _begun = true;
            return new ValueTask<bool>(true);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
