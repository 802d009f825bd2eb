using VideoScale.Consensus.Apply;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>
/// Who waits for which entry of this leader's. Entries are known by index and term: another leader's at the same index is not theirs.
/// </summary>
internal sealed class Waiters
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Index, long Term, PendingProposal Waiter)> _waiting = new(1024);

    internal void Add(long index, long term, PendingProposal waiter)
    {
        lock (_gate) _waiting.Enqueue((index, term, waiter));
    }

    /// <summary>
    /// The waiter of an entry that is committed; those of entries that another leader's has replaced learn that their fate is unknown.
    /// </summary>
    internal PendingProposal? Take(long index, long term)
    {
        lock (_gate)
        {
            while (_waiting.TryPeek(out var next) && next.Index <= index)
            {
                _waiting.Dequeue();
                if (next.Index == index && next.Term == term) return next.Waiter;
                next.Waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
            }
        }
        return null;
    }

    /// <summary>This replica leads no more: another leader may commit them or not.</summary>
    internal void Abandon()
    {
        lock (_gate)
            while (_waiting.TryDequeue(out var next)) next.Waiter.Finish(new ProposeResult(Outcome.Unknown, 0, 0, default));
    }
}
