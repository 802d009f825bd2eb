using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Linearizable reads: those that wait share one read of the log's end, in the order of etcd's writes, begun after all of them had come;
/// then each waits until that much is applied here. A leader's read fails when the term in which it was asked is over.
/// </summary>
internal sealed class ReadRounds(EtcdClient client, EtcdKeys keys, Standing standing, Feed feed, ApplyThread apply, Func<long> ticks,
    Troubles troubles)
{
    private const string Doing = "reading the end of the log";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private readonly Signal _signal = new();
    private List<(PendingFence Fence, ulong AskedInTerm)> _waiting = [];
    private bool _stopped;

    internal void Ask(PendingFence fence)
    {
        var role = standing.Role;
        lock (_gate)
        {
            if (!_stopped) _waiting.Add((fence, role.Role == ReplicaRole.Leader ? role.Term : 0));
            else fence.TrySetResult(default);
        }
        _signal.Set();
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.WaitAsync(Period, cancellationToken);
            if (apply.HasFences) apply.Add(new ApplyItem(ApplyKind.Expire, default, null));
            if (Take() is { Count: > 0 } round) await AnswerAsync(round, cancellationToken);
        }
    }

    internal void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            foreach (var (fence, _) in _waiting) fence.TrySetResult(default);
            _waiting.Clear();
        }
    }

    private List<(PendingFence Fence, ulong AskedInTerm)> Take()
    {
        lock (_gate)
        {
            var taken = _waiting;
            _waiting = [];
            return taken;
        }
    }

    private async Task AnswerAsync(List<(PendingFence Fence, ulong AskedInTerm)> round, CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var (fence, _) in round)
                if (fence.Deadline <= ticks()) fence.TrySetResult(default);
            round.RemoveAll(static asked => asked.Fence.Task.IsCompleted);
            if (round.Count == 0) return;
            try
            {
                await AnswerOnceAsync(round, cancellationToken);
                troubles.Over(Doing);
                return;
            }
            catch (EtcdException e) { troubles.Note(Doing, e); }
            catch
            {
                foreach (var (fence, _) in round) fence.TrySetResult(default); // nobody waits for ever
                throw;
            }
            await Task.Delay(Period, cancellationToken);
        }
    }

    private async Task AnswerOnceAsync(List<(PendingFence Fence, ulong AskedInTerm)> round, CancellationToken cancellationToken)
    {
        var before = feed.Known;
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Head), Txn.Get(keys.Leader)), cancellationToken);
        var head = HeadValue.Decode(answer.Found(0)?.Value);
        if (head.Index < before)
            throw new EtcdLogException(
                $"etcd says that the log under {keys.Prefix} ends at entry {head.Index}, and it reached {before} before: etcd "
                + "was set back, or its keys were deleted");
        var seen = LeaderSeen.Of(keys, answer.Found(1));
        standing.Observe(seen, answer.Header.Revision);
        await feed.HeadSeenAsync(head.Index, cancellationToken);
        foreach (var (fence, term) in round)
        {
            if (term != 0 && seen?.Term != term)
            {
                fence.TrySetResult(default);
                continue;
            }
            fence.Index = head.Index;
            apply.Add(new ApplyItem(ApplyKind.Fence, default, fence));
        }
    }
}
