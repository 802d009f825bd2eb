using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Who leads: whoever made the leader's key, as long as that stands. Its create revision is the term. A leader that is not sure of its
/// lease steps down before etcd takes the key away; and etcd refuses the appends of a term whose key is gone, whatever its leader believes.
/// </summary>
internal sealed partial class Elections(EtcdClient client, EtcdKeys keys, LeaderValue self, UInt128 clusterId, Standing standing,
    LeaseKeeper lease, Appender appender, Feed feed, ControlKeys known, ConsensusMetrics metrics, Troubles troubles,
        ILogger<EtcdLog> logger)
{
    private const string Doing = "electing a leader";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StandBack = TimeSpan.FromSeconds(3);
    private readonly Signal _signal = new();
    private ulong _given; // a term that is over for us, although its key may still stand
    private long _standsBackUntil;
    private volatile bool _abstains;

    internal void Wake() => _signal.Set();

    internal void Abstain()
    {
        _abstains = true;
        Wake();
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.WaitAsync(Period, cancellationToken);
            try
            {
                await RunOnceAsync(cancellationToken);
            }
            catch (EtcdException e)
            {
                troubles.Note(Doing, e);
                await Task.Delay(Period, cancellationToken);
            }
        }
    }

    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (appender.Term is var led and not 0 && (lease.IsDoubtful || _abstains)) StepDown(led);
        if (standing.Seen is { } seen)
        {
            if (seen.Value.Member == self.Member) await MindOwnKeyAsync(seen, cancellationToken);
            troubles.Over(Doing);
            return;
        }
        var candidacy = new Candidacy(self.Member, standing.VacantFor, known.Handover, _abstains,
            Environment.TickCount64 < _standsBackUntil);
        if (candidacy.Asks && !lease.IsDoubtful) await AskAsync(cancellationToken);
    }

    private async Task MindOwnKeyAsync(LeaderSeen seen, CancellationToken cancellationToken)
    {
        if (standing.IsOurs(seen))
        {
            if (!HasGiven(seen.Term) && seen.Lease == lease.Lease)
            {
                if (appender.Term != seen.Term) await AskAsync(cancellationToken); // the answer to our asking was lost on its way
                return;
            }
            StepDown(seen.Term);
        }
        // Otherwise an earlier process of this member made it, which is dead, since the directory is ours.
        var request = new TxnRequest
        {
            Compare = { Txn.Leads(keys, seen.Term) },
            Success = { Txn.Delete(keys.Leader) },
            Failure = { Txn.Get(keys.Leader) },
        };
        var answer = await client.TxnAsync(request, cancellationToken);
        standing.Observe(answer.Succeeded ? null : LeaderSeen.Of(keys, answer.Found(0)), answer.Header.Revision);
    }

    /// <returns>Whether this replica led and does no more; another one may be named for the next.</returns>
    internal async Task<bool> HandOverAsync(MemberId to, CancellationToken cancellationToken)
    {
        if (appender.Term is not (var term and not 0) || HasGiven(term)) return false;
        var request = new TxnRequest
        {
            Compare = { Txn.Leads(keys, term) },
            Success = { Txn.Delete(keys.Leader), to.IsNone ? Txn.Delete(keys.Handover)
                : Txn.Put(keys.Handover, new LeaderValue(to, 0).Encode()) },
        };
        var answer = await client.TxnAsync(request, cancellationToken);
        _standsBackUntil = Environment.TickCount64 + (long)StandBack.TotalMilliseconds;
        StepDown(term);
        if (answer.Succeeded) standing.Observe(null, answer.Header.Revision);
        return true;
    }

    private bool HasGiven(ulong term) => Volatile.Read(ref _given) >= term;

    private void StepDown(ulong term)
    {
        if (HasGiven(term)) return;
        Volatile.Write(ref _given, term);
        appender.End(term);
        if (standing.StepDown() != 0 && lease.IsDoubtful) LogSteppedDown(self.Member, term);
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        metrics.ElectionBegun();
        var answer = await client.TxnAsync(new TxnRequest
        {
            Compare = { Txn.IsAbsent(keys.Leader), Txn.Is(keys.Cluster, ClusterValue.Encode(clusterId)) },
            Success = { Txn.Put(keys.Leader, self.Encode(), lease.Lease), Txn.Delete(keys.Handover), Txn.Get(keys.Head) },
            Failure = { Txn.Get(keys.Leader), Txn.Get(keys.Cluster), Txn.Get(keys.Head) },
        }, cancellationToken);
        troubles.Over(Doing);
        var revision = answer.Header.Revision;
        var seen = answer.Succeeded ? new LeaderSeen(self, keys.TermOf(revision), lease.Lease) : LeaderSeen.Of(keys, answer.Found(0));
        if (seen is null && ClusterMissing(answer) is { } missing) throw new EtcdLogException(missing);
        standing.Observe(seen, revision);
        if (seen is not { } leader || !standing.IsOurs(leader) || HasGiven(leader.Term)) return;
        var head = HeadValue.Decode(answer.Found(2)?.Value);
        if (head.Index < feed.Known)
            throw new EtcdLogException(
                $"etcd's log under {keys.Prefix} ends at entry {head.Index}, and this replica has seen entry {feed.Known}: "
                + "etcd was set back, or its keys were deleted. Bring etcd's data back, or begin a new cluster under another prefix");
        LogElected(self.Member, leader.Term, head.Index);
        metrics.ElectionWon();
        await feed.HeadSeenAsync(head.Index, cancellationToken);
        appender.Begin(leader.Term, head);
    }

    private string? ClusterMissing(TxnResponse answer) => answer.Found(1) is not { } cluster
        ? $"the key \"cluster\" under {keys.Prefix} is gone from etcd: its keys were deleted, or etcd was set back"
        : ClusterValue.Difference(cluster.Value, clusterId) is { } other ? $"under {keys.Prefix} in etcd {other}" : null;

    [LoggerMessage(1353, LogLevel.Information, "Replica {Self} holds the leader's key in term {Term}; the log ends at entry {Head}")]
    private partial void LogElected(MemberId self, ulong term, ulong head);

    [LoggerMessage(1354, LogLevel.Warning, "Replica {Self} leads no more in term {Term}: its lease in etcd could not be renewed in time")]
    private partial void LogSteppedDown(MemberId self, ulong term);
}
