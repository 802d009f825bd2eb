using DotNext.Net.Cluster.Consensus.Raft;
using VideoScale.Consensus.DotNext.Log;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>Who leads, as DotNext's events and waits tell it, in one order.</summary>
internal sealed class LeadershipWatch<TMember>(RaftCluster<TMember> cluster, DurableLog log, MemberId self, Func<TMember, MemberId> idOf)
    where TMember : class, IRaftClusterMember, IDisposable
{
    private static readonly TimeSpan LookForFaults = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookForLeader = TimeSpan.FromMilliseconds(10), HandOverTime = TimeSpan.FromSeconds(3);
    private long _leadingTerm;

    internal long LeadingTerm => Volatile.Read(ref _leadingTerm);

    internal MemberId LeaderId => cluster.Leader is { } leader ? idOf(leader) : MemberId.None;

    /// <param name="begins">Before anybody knows that this replica leads.</param>
    internal async Task RunAsync(Action<RoleChange> changed, Action begins, CancellationToken cancellationToken)
    {
        void Tell() => changed(new RoleChange(ReplicaRole.Follower, (ulong)log.Term, LeaderId));
        cluster.LeaderChanged += (_, leader) => { if (LeadingTerm == 0 && leader is null or { IsRemote: true }) Tell(); };
        while (true)
        {
            var waiting = cluster.WaitForLeadershipAsync(cancellationToken);
            while (!waiting.IsCompleted)
            {
                _ = cluster.ConsensusToken; // throws what stopped it for ever
                await Task.WhenAny(waiting, Task.Delay(LookForFaults, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
            var leading = await waiting;
            if (leading.IsCancellationRequested) continue;
            begins();
            Volatile.Write(ref _leadingTerm, log.Term);
            if (!leading.IsCancellationRequested) changed(new RoleChange(ReplicaRole.Leader, (ulong)LeadingTerm, self));
            using (var over = CancellationTokenSource.CreateLinkedTokenSource(leading, cancellationToken))
                await Task.Delay(Timeout.Infinite, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Volatile.Write(ref _leadingTerm, 0);
            Tell();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <param name="resign">DotNext's.</param>
    internal async Task HandOverAsync(Func<CancellationToken, ValueTask<bool>> resign, CancellationToken cancellationToken)
    {
        if (!await resign(cancellationToken) || cluster.Members.Count == 1) return;
        var aside = await cluster.EnableStandbyModeAsync(cancellationToken);
        try
        {
            for (var waited = TimeSpan.Zero; cluster.Leader is not { IsRemote: true }; waited += LookForLeader)
            {
                if (waited > HandOverTime) throw new TimeoutException("the others elected nobody in time");
                await Task.Delay(LookForLeader, cancellationToken);
            }
        }
        finally
        {
            if (aside) await cluster.RevertToNormalModeAsync(CancellationToken.None);
        }
    }

    internal static void Observe(ValueTask round)
    {
        if (!round.IsCompleted) _ = round.AsTask().ContinueWith(static done => _ = done.Exception, TaskScheduler.Default);
    }
}
