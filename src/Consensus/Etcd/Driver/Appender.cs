using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// The leader's appends: one transaction at a time, since each compares what the one before it left. A transaction without an answer is
/// sent again until etcd says what became of it; when the term ends meanwhile, it is settled, or its outcome stays unknown.
/// </summary>
internal sealed class Appender(EtcdClient client, EtcdKeys keys, EtcdOptions options, Feed feed, ConsensusMetrics metrics,
    Troubles troubles)
{
    private const string Doing = "appending to the log";
    private const int SettleTries = 3;
    private const int MostRefusals = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly ProposalQueue _queue = new();
    private readonly Signal _signal = new();
    private readonly Lock _gate = new();
    private readonly int _keyBytes = keys.Entry(0).Length;
    private int _maxOps = options.MaxTxnOps;
    private int _maxBytes = options.MaxRequestBytes;
    private Reign? _reign;

    /// <summary>A term that this replica leads.</summary>
    private sealed class Reign(ulong term, HeadValue head)
    {
        internal ulong Term => term;
        internal HeadValue Head { get; set; } = head;
        internal volatile bool IsOver;
        internal bool IsEstablished;
    }

    private enum Carried : byte { Committed, Lost, Open, Refused, TooLarge }

    /// <summary>Called once an entry of the term is in the log: from then on this replica leads.</summary>
    internal required Action<ulong> Established { get; init; }

    internal int Waiting => _queue.Count;

    internal ulong Term { get { lock (_gate) return _reign?.Term ?? 0; } }

    internal RejectReason TryPropose(in Proposal proposal)
    {
        var refused = _queue.TryAdd(proposal);
        if (refused == RejectReason.None) _signal.Set();
        return refused;
    }

    internal int LongestPayload => Append.LongestPayload(_keyBytes, _maxBytes);

    /// <summary>This replica holds the leader's key since that revision; the log ended so then.</summary>
    internal void Begin(ulong term, HeadValue head)
    {
        lock (_gate)
        {
            if (_reign?.Term >= term) return;
            _reign = new Reign(term, head);
        }
        _signal.Set();
    }

    /// <summary>The term is over: nothing more is taken or begun in it.</summary>
    internal void End(ulong term, bool stopped = false)
    {
        lock (_gate)
        {
            if (!stopped && _reign?.Term != term) return;
            if (_reign is not null) _reign.IsOver = true;
            _queue.Close(term, stopped); // under the lock: a term that begins now opens it afterwards
        }
        _signal.Set();
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Reign? reign;
            lock (_gate) reign = _reign is { IsOver: false } now ? now : null;
            if (reign is null || (reign.IsEstablished && _queue.Count == 0))
            {
                await _signal.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
                continue;
            }
            await AppendOnceAsync(reign, cancellationToken);
        }
    }

    private async Task AppendOnceAsync(Reign reign, CancellationToken cancellationToken)
    {
        var proposals = reign.IsEstablished ? _queue.Take(_keyBytes, _maxOps, _maxBytes)
            : [new Proposal(EntryKind.Noop, ProposalId.None, default, null)];
        if (proposals.Count == 0) return; // the term ended in between
        var batch = ProposalQueue.BatchOf(reign.Term, reign.Head, proposals);
        feed.Expect(batch, [.. proposals.Select(static proposal => proposal.Waiter)]);
        var began = Environment.TickCount64;
        var carried = Carried.Open;
        try { carried = await CarryAsync(reign, batch, cancellationToken); }
        finally
        {
            // also when this replica stops in the middle
            if (carried == Carried.Open) feed.Withdraw(batch, new ProposeResult(Outcome.Unknown, 0, 0, default));
        }
        switch (carried)
        {
            case Carried.Committed:
                metrics.Appended(Environment.TickCount64 - began);
                metrics.Proposed(proposals.Count);
                reign.Head = batch.After;
                feed.Know(batch.After.Index);
                await feed.OfferAsync(batch.Entries, cancellationToken);
                if (!reign.IsEstablished) Establish(reign);
                return;
            case Carried.TooLarge when proposals.Count > 1:
                feed.Forget(batch);
                (_maxOps, _maxBytes) = (Math.Max(2, Math.Min(_maxOps, proposals.Count + 1) / 2 + 1), Math.Max(64 << 10, _maxBytes / 2));
                PutBack(reign, proposals);
                return;
            case Carried.TooLarge or Carried.Refused:
                feed.Withdraw(batch, new ProposeResult(Outcome.Rejected, 0, reign.Term, default, RejectReason.Overloaded));
                await Task.Delay(Pause, cancellationToken); // not as often as somebody proposes
                return;
            case Carried.Lost:
                feed.Withdraw(batch, new ProposeResult(Outcome.Rejected, 0, reign.Term, default, RejectReason.NotLeader));
                End(reign.Term);
                return;
            default: End(reign.Term); return;
        }
    }

    private void Establish(Reign reign)
    {
        reign.IsEstablished = true;
        lock (_gate)
        {
            if (reign.IsOver) return;
            _queue.Open();
        }
        Established(reign.Term);
    }

    private void PutBack(Reign reign, List<Proposal> proposals)
    {
        lock (_gate)
        {
            if (!reign.IsOver)
            {
                _queue.PutBack(proposals);
                return;
            }
        }
        foreach (var proposal in proposals)
            proposal.Waiter?.Finish(new ProposeResult(Outcome.Rejected, 0, reign.Term, default, RejectReason.NotLeader));
    }

    private async Task<Carried> CarryAsync(Reign reign, Batch batch, CancellationToken cancellationToken)
    {
        var request = Append.Request(keys, batch);
        var open = false; // an earlier try may still take effect
        for (var refusals = 0; ;)
        {
            try
            {
                var verdict = Append.Judge(keys, batch, await client.TxnAsync(request, cancellationToken));
                troubles.Over(Doing);
                return Of(verdict, batch);
            }
            catch (EtcdException e) when (e.IsCertain && !open)
            {
                troubles.Note(Doing, e);
                return e.Fault == EtcdFault.TooLarge ? Carried.TooLarge : Carried.Refused;
            }
            catch (EtcdException e)
            {
                if (e.IsCertain) refusals++;
                open = true;
                troubles.Note(Doing, e);
            }
            // What is refused now says nothing of the earlier try: the term is given up to learn of that one.
            if (reign.IsOver || refusals == MostRefusals) return await SettleAsync(batch, cancellationToken);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<Carried> SettleAsync(Batch batch, CancellationToken cancellationToken)
    {
        for (var i = 0; i < SettleTries; i++)
        {
            try
            {
                return Of(Append.JudgeSettled(batch, await client.TxnAsync(Append.SettleRequest(keys, batch), cancellationToken)), batch);
            }
            catch (EtcdException e) { troubles.Note(Doing, e); }
            await Task.Delay(Pause, cancellationToken);
        }
        return Carried.Open;
    }

    private Carried Of(Verdict verdict, Batch batch) => verdict switch
    {
        Verdict.Committed => Carried.Committed,
        Verdict.Lost => Carried.Lost,
        Verdict.Open => Carried.Open,
        _ => throw new EtcdLogException($"this replica leads in term {batch.Term}, yet the last entry under {keys.Prefix} in etcd is not "
            + $"{batch.Before.Index}, which it wrote: somebody else writes under our prefix, or etcd was set back. Nothing more is "
                + $"appended here"),
    };
}
