using System.Threading.Channels;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Hands entries to the apply thread, each once and in order, wherever they come from: a watch, this leader's own appends, or a read. What
/// others say of the log's end is enough to read what is missing, so a watch that loses something only costs time.
/// </summary>
internal sealed class Feed(EtcdClient client, EtcdKeys keys, ApplyThread apply, SnapshotExchange snapshots, ulong next, long tailBytes,
    Troubles troubles)
{
    private const string Doing = "reading the log";
    private const long BytesPerRead = 4 << 20;
    private const int MostPerRead = 512;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(256) { SingleReader = true });
    private readonly LogCursor _cursor = new(next);
    private readonly LogTail _tail = new(tailBytes);
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, (ulong Term, PendingProposal Waiter)> _expected = [];
    private ulong _known = next - 1;
    private ulong _first; // of the tail
    private long _averageBytes = 1024;

    private readonly record struct Input(IReadOnlyList<Entry> Entries, ulong Head);

    /// <summary>The last entry that is known to be in the log.</summary>
    internal ulong Known => Volatile.Read(ref _known);

    /// <summary>The first entry that stays when the log is compacted; null when nothing was handed over since the start.</summary>
    internal ulong? TailFirst => Volatile.Read(ref _first) is var first and not 0 ? first : null;

    /// <summary>Who waits for the entries of a batch, before it is sent: a watch may bring them before etcd's answer comes.</summary>
    internal void Expect(Batch batch, IReadOnlyList<PendingProposal?> waiters)
    {
        lock (_gate)
        {
            for (var i = 0; i < waiters.Count; i++)
                if (waiters[i] is { } waiter) _expected.Add(batch.First + (ulong)i, (batch.Term, waiter));
        }
    }

    /// <summary>The batch did not come in, or nobody knows: who still waits is told so.</summary>
    internal void Withdraw(Batch batch, in ProposeResult result)
    {
        for (var index = batch.First; index <= batch.After.Index; index++)
            if (Take(index, batch.Term) is { } waiter) waiter.Finish(result);
    }

    /// <summary>The batch goes back to where it was taken from.</summary>
    internal void Forget(Batch batch)
    {
        for (var index = batch.First; index <= batch.After.Index; index++) Take(index, batch.Term);
    }

    internal ValueTask OfferAsync(IReadOnlyList<Entry> entries, CancellationToken cancellationToken) =>
        _inputs.Writer.WriteAsync(new Input(entries, 0), cancellationToken);

    /// <summary>The log reaches so far: what is not here yet is read.</summary>
    internal ValueTask HeadSeenAsync(ulong head, CancellationToken cancellationToken)
    {
        Know(head);
        return _inputs.Writer.WriteAsync(new Input([], head), cancellationToken);
    }

    internal void Know(ulong head)
    {
        for (var known = Known; head > known; known = Known)
            if (Interlocked.CompareExchange(ref _known, head, known) == known) return;
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var input in _inputs.Reader.ReadAllAsync(cancellationToken))
        {
            if (input.Head >= _cursor.Next) await FillAsync(input.Head, cancellationToken);
            foreach (var entry in input.Entries)
            {
                if (entry.Index > _cursor.Next) await FillAsync(entry.Index - 1, cancellationToken);
                HandOver(entry);
            }
            await apply.RoomAsync(cancellationToken);
        }
    }

    /// <summary>Nobody waits for ever.</summary>
    internal void Abandon()
    {
        lock (_gate)
        {
            foreach (var (_, waiter) in _expected.Values) waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
            _expected.Clear();
        }
    }

    private PendingProposal? Take(ulong index, ulong term)
    {
        lock (_gate)
        {
            if (!_expected.TryGetValue(index, out var expected) || expected.Term != term) return null;
            _expected.Remove(index);
            return expected.Waiter;
        }
    }

    private void HandOver(in Entry entry)
    {
        if (_cursor.Offer(entry.Index) != Arrival.InOrder) return; // known already
        Know(entry.Index);
        _tail.Add(entry.Index, entry.CountedBytes);
        Volatile.Write(ref _first, _tail.First ?? 0);
        _averageBytes += (entry.CountedBytes - _averageBytes) / 8;
        apply.Add(new ApplyItem(ApplyKind.Entry, entry, Take(entry.Index, entry.Term)));
    }

    private async Task FillAsync(ulong to, CancellationToken cancellationToken)
    {
        while (_cursor.Next <= to)
        {
            try
            {
                await ReadOnceAsync(to, cancellationToken);
                troubles.Over(Doing);
                await apply.RoomAsync(cancellationToken);
            }
            catch (EtcdException e)
            {
                troubles.Note(Doing, e);
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    private async Task ReadOnceAsync(ulong to, CancellationToken cancellationToken)
    {
        var at = _cursor.Next;
        var limit = Math.Clamp(BytesPerRead / Math.Max(1, _averageBytes), 1, MostPerRead);
        var range = new RangeRequest { Key = keys.Entry(at), RangeEnd = keys.Entry(to + 1), Limit = limit };
        var found = await client.RangeAsync(range, cancellationToken);
        if (found.Kvs.Count > 0 && keys.IndexOf(found.Kvs[0].Key) == at)
        {
            foreach (var kv in found.Kvs)
            {
                if (keys.IndexOf(kv.Key) != _cursor.Next) return; // there is a hole: the next turn looks into it
                HandOver(Entries.Decode(keys, kv));
            }
            return;
        }
        // It is not there, or this member of etcd is behind: asked in order, so that the answer counts.
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.GetRange(keys.Entry(at), keys.Entry(at + 1)), Txn.Get(keys.Manifest),
            Txn.Get(keys.Head)), cancellationToken);
        if (answer.Found(0) is { } there)
        {
            HandOver(Entries.Decode(keys, there));
            return;
        }
        var manifest = SnapshotManifest.Decode(answer.Found(1)?.Value);
        if (manifest is not null && manifest.Index >= at)
        {
            if (await snapshots.FetchAsync(manifest, cancellationToken) is { } meta) Restore(meta);
            return;
        }
        var head = HeadValue.Decode(answer.Found(2)?.Value);
        throw new EtcdLogException(head.Index < at
            ? $"etcd's log under {keys.Prefix} ends at entry {head.Index}, and reached entry {to} before: etcd was set back, or its keys "
                + $"were "
                + "deleted. Nothing more is applied here. Bring etcd's data back, or begin a new cluster under another prefix"
            : $"entry {at} is missing under {keys.Prefix} in etcd, and no snapshot there reaches it: somebody deleted it. Nothing more "
                + $"is applied "
                + "here. A replica that has applied it still can make a snapshot (ctl cluster snapshot at the leader); or bring etcd's "
                    + "data back");
    }

    private void Restore(SnapshotMeta meta)
    {
        apply.Add(new ApplyItem(ApplyKind.Restore, default, meta));
        _cursor.Skip(meta.Index);
        _tail.Clear();
        Volatile.Write(ref _first, 0);
        Know(meta.Index);
    }
}
