using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Rules;

/// <summary>Entries that are appended together, behind what stands last.</summary>
internal sealed record Batch(ulong Term, HeadValue Before, IReadOnlyList<Entry> Entries)
{
    internal ulong First => Before.Index + 1;
    internal HeadValue After => new(Before.Index + (ulong)Entries.Count, Term);
}

internal enum Verdict : byte
{
    /// <summary>All of the batch is in the log.</summary>
    Committed = 1,
    /// <summary>None of it is, and none ever will be: its term is over.</summary>
    Lost,
    /// <summary>Its term is over, and what would say whether it came in is gone.</summary>
    Open,
    /// <summary>The term goes on, and what stands last is not what this leader left there: somebody else writes our keys.</summary>
    Tampered,
}

/// <summary>
/// The transaction that appends, and what its answers mean. It compares the leader's key (a term that is over can append nothing, whenever
/// its transaction arrives) and what stands last (the same transaction takes effect once, however often it is sent).
/// </summary>
internal static class Append
{
    private const int BytesPerOperation = 64; // of what surrounds key and value

    internal static TxnRequest Request(EtcdKeys keys, Batch batch)
    {
        var request = new TxnRequest
        {
            Compare =
            {
                Txn.Leads(keys, batch.Term),
                batch.Before.Index == 0 ? Txn.IsAbsent(keys.Head) : Txn.Is(keys.Head, batch.Before.Encode()),
            },
            Success = { Txn.Put(keys.Head, batch.After.Encode()) },
            Failure = { Txn.Get(keys.Head), Txn.Get(keys.Entry(batch.First)), Txn.Get(keys.Leader) },
        };
        foreach (var entry in batch.Entries) request.Success.Add(Txn.Put(keys.Entry(entry.Index), EntryValue.Encode(entry)));
        return request;
    }

    internal static Verdict Judge(EtcdKeys keys, Batch batch, TxnResponse response)
    {
        if (response.Succeeded) return Verdict.Committed;
        var termGoesOn = response.Found(2) is { } leader && keys.TermOf(leader.CreateRevision) == batch.Term;
        var verdict = JudgeAfterwards(batch, response.Found(0), response.Found(1));
        return verdict == Verdict.Committed || !termGoesOn ? verdict : Verdict.Tampered;
    }

    /// <summary>Ends the term, if it is not over, and reads what came of the batch: afterwards no try of it can take effect.</summary>
    internal static TxnRequest SettleRequest(EtcdKeys keys, Batch batch) => new()
    {
        Compare = { Txn.Leads(keys, batch.Term) },
        Success = { Txn.Get(keys.Head), Txn.Get(keys.Entry(batch.First)), Txn.Delete(keys.Leader) },
        Failure = { Txn.Get(keys.Head), Txn.Get(keys.Entry(batch.First)) },
    };

    internal static Verdict JudgeSettled(Batch batch, TxnResponse response) =>
        JudgeAfterwards(batch, response.Found(0), response.Found(1));

    /// <summary>How many of the entries that wait fit into one transaction, at least one.</summary>
    internal static int Fit(IEnumerable<int> payloadBytes, int keyBytes, int maxOps, int maxBytes)
    {
        var (count, bytes) = (0, 2 * (keyBytes + BytesPerOperation) + 1_024); // the head, what is compared
        foreach (var payload in payloadBytes)
        {
            bytes += BytesOf(payload, keyBytes);
            if (count > 0 && (bytes > maxBytes || count + 1 >= maxOps)) break;
            count++;
        }
        return count;
    }

    /// <summary>The longest payload that fits into a transaction of its own.</summary>
    internal static int LongestPayload(int keyBytes, int maxBytes) =>
        maxBytes - BytesOf(0, keyBytes) - (2 * (keyBytes + BytesPerOperation) + 1_024);

    private static int BytesOf(int payload, int keyBytes) => payload + EntryValue.HeaderBytes + keyBytes + BytesPerOperation;

    private static Verdict JudgeAfterwards(Batch batch, KeyValue? head, KeyValue? first)
    {
        if (first is not null) // a transaction writes all of its entries or none
            return EntryValue.Decode(batch.First, first.Value).Term == batch.Term ? Verdict.Committed : Verdict.Lost;
        var last = HeadValue.Decode(head?.Value);
        if (last == batch.After) return Verdict.Committed;
        return last.Index < batch.First ? Verdict.Lost : Verdict.Open; // or it was compacted meanwhile
    }
}
