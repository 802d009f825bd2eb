using System.Threading.Channels;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.DotNext.Log;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>Commands on their way into the leader's log: those that came during one sync share the next.</summary>
internal sealed class Proposals(DurableLog log, IMembers cluster, Waiters waiters, ConsensusMetrics metrics, Action<Exception> failed)
{
    private const int MaxQueued = 16_384;
    private const long MaxQueuedBytes = 64L << 20;
    private readonly Lock _gate = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private List<Proposal> _queued = new(1024);
    private List<Proposal> _taken = new(1024);
    private long _bytes;
    private bool _stopped;

    internal int Depth { get { lock (_gate) return _queued.Count; } }

    /// <returns>None when it was queued.</returns>
    internal RejectReason TryAdd(byte[] payload, PendingProposal waiter)
    {
        lock (_gate)
        {
            if (_stopped) return RejectReason.ShuttingDown;
            if (_queued.Count >= MaxQueued || _bytes + payload.Length > MaxQueuedBytes) return RejectReason.Overloaded;
            _queued.Add(new Proposal(payload, waiter));
            _bytes += payload.Length;
            if (_queued.Count == 1) _signal.Writer.TryWrite(true);
            return RejectReason.None;
        }
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!_stopped)
        {
            await _signal.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                (_queued, _taken) = (_taken, _queued);
                _bytes = 0;
            }
            if (_taken.Count > 0) await AppendAsync(_taken, cancellationToken).ConfigureAwait(false);
            _taken.Clear();
        }
    }

    /// <summary>This replica leads no more.</summary>
    internal void Abandon() => waiters.Abandon();

    /// <summary>Nothing is taken in any more; what waits has an unknown fate, and what is queued none.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Refuse(_queued, RejectReason.ShuttingDown);
            _queued.Clear();
            _signal.Writer.TryWrite(true);
        }
        waiters.Abandon();
    }

    private async Task AppendAsync(List<Proposal> batch, CancellationToken cancellationToken)
    {
        var term = cluster.LeadingTerm;
        var first = 0L;
        try
        {
            if (term != 0) first = await log.AppendOwnAsync(term, batch, waiters, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            waiters.Abandon(); // some may be in the log
            failed(e);
            return;
        }
        if (first == 0)
        {
            Refuse(batch, RejectReason.NotLeader);
            metrics.Rejected(batch.Count);
            return;
        }
        metrics.Proposed(batch.Count);
        cluster.Replicate();
        if (cluster.LeadingTerm != term) waiters.Abandon(); // lost meanwhile, and told before they waited
    }

    private void Refuse(List<Proposal> batch, RejectReason reason)
    {
        foreach (var proposal in batch)
            proposal.Waiter.Finish(new ProposeResult(Outcome.Rejected, 0, (ulong)log.Term, default, reason));
    }
}
