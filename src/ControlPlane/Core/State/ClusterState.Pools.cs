using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Pools;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private readonly SortedDictionary<string, PoolRecord> _pools = new(StringComparer.Ordinal);

    /// <summary>In order of names. Few.</summary>
    public IReadOnlyCollection<PoolRecord> Pools => _pools.Values;

    public PoolRecord? FindPool(string pool) => _pools.GetValueOrDefault(pool);

    internal void RestorePool(PoolRecord pool) => _pools[pool.Pool] = pool;

    private void EvolvePool(PoolEvent happened, in EventContext context)
    {
        if (happened is PoolEvent.PolicySet set)
        {
            _pools[set.Pool] = FindPool(set.Pool) is { } known ? known with { Policy = set.Policy }
                : new(set.Pool, set.Policy, [], 0, 0, "", 0);
            return;
        }
        Invariant.Require(_pools.TryGetValue(happened.Pool, out var pool), "an event about a pool follows its policy");
        switch (happened)
        {
            case PoolEvent.Removed: _pools.Remove(pool.Pool); return;
            case PoolEvent.Suspended e: pool = pool with { Suspended = e.Reason }; break;
            case PoolEvent.Resumed: pool = pool with { Suspended = "", Failures = 0, RetryAtMs = 0 }; break;
            case PoolEvent.LaunchRequested e:
                pool = pool with
                {
                    Launched = pool.NumberOf(e.Key) ?? pool.Launched,
                    Instances = pool.Instances.Add(new(e.Key, InstanceStatus.Requested, "", context.Time.UnixMs, false)),
                };
                break;
            case PoolEvent.Launched e:
                var launched = InstanceOf(pool, e.Key);
                pool = pool.With(launched with
                {
                    ProviderId = e.ProviderId,
                    Status = launched.Status == InstanceStatus.Requested ? InstanceStatus.Launched : launched.Status,
                });
                break;
            // An earlier try may have worked and its answer been lost: it is ended as any other is.
            case PoolEvent.LaunchFailed e:
                pool = pool.With(InstanceOf(pool, e.Key) with { Status = InstanceStatus.Terminating })
                    with
                { Failures = e.Failures, RetryAtMs = e.RetryAtMs };
                break;
            case PoolEvent.TerminationRequested e:
                pool = pool.With(InstanceOf(pool, e.Key) with { Status = InstanceStatus.Terminating });
                if (e.Reason == TerminationReason.NeverRegistered) pool = pool with { Failures = pool.Failures + 1 };
                break;
            case PoolEvent.Terminated e: pool = pool.Without(e.Key); break;
            // the drain's own events carry the change of the node
            case PoolEvent.NodeReleased e: pool = pool.With(InstanceOf(pool, e.Key) with { IsReleased = true }); break;
            case PoolEvent.NodeKept e: pool = pool.With(InstanceOf(pool, e.Key) with { IsReleased = false }); break;
            default: Invariant.Require(false, "every pool event has a fold"); break;
        }
        _pools[pool.Pool] = pool;
    }

    /// <summary>A node of a pool that registered: its launches work.</summary>
    private void NoteRegistered(NodeId node)
    {
        foreach (var pool in _pools.Values)
        {
            if (pool.Failures == 0 || pool.Find(node) is null) continue;
            _pools[pool.Pool] = pool with { Failures = 0, RetryAtMs = 0 };
            return;
        }
    }

    private static InstanceRecord InstanceOf(PoolRecord pool, NodeId key)
    {
        var found = pool.Find(key);
        Invariant.Require(found is not null, "an event about an instance follows its request");
        return found;
    }
}
