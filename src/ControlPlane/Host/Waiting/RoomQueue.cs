using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Waiting;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Waiting;

/// <param name="Position">1 for the next to be served.</param>
/// <param name="Total">So many wait.</param>
/// <param name="RetryAfterMs">When it is worth asking again.</param>
public readonly record struct RoomWait(int Position, int Total, long RetryAfterMs);

/// <summary>
/// Rooms that wait for a node: how many may, which comes when, how long it takes. The rooms themselves stand in replicated state, in the
/// order in which they began to wait; the limit refuses what would join them before it enters the log, which never decides by it.
/// </summary>
/// <param name="limit">Most rooms that may wait, once there is a fleet: before the first node or pool all rooms wait.</param>
public sealed class RoomQueue(int limit, LogTimeSource time) : IStateListener
{
    private readonly Lock _gate = new();
    private readonly WaitEstimate _estimate = new();
    /// <summary>On their way into the log, and will wait once they are there.</summary>
    private readonly HashSet<string> _coming = new(StringComparer.Ordinal);
    private long? _capacityAtMs;
    private int _waiting;
    private bool _hasFleet;

    /// <summary>Open rooms without an owner.</summary>
    public int Waiting { get { lock (_gate) return _waiting; } }

    /// <summary>A room that found no node is about to enter the log.</summary>
    /// <returns>Null when it may wait.</returns>
    internal Failure? Enter(RoomId room, PlacementDecision decision)
    {
        lock (_gate)
        {
            if (_hasFleet && _waiting + _coming.Count >= limit)
                return WaitingLimit.Refusal(_waiting, limit, decision, _estimate.Of(_waiting + 1, time.Now.UnixMs, _capacityAtMs));
            _coming.Add(room.Value);
            return null;
        }
    }

    /// <summary>The fate of its command is known.</summary>
    internal void Settle(RoomId room)
    {
        lock (_gate) _coming.Remove(room.Value);
    }

    /// <summary>There is somebody to wait for.</summary>
    internal bool HasFleet => Volatile.Read(ref _hasFleet);

    /// <summary>Null for a room that does not wait, and while there is no fleet: nobody knows then for how long.</summary>
    internal RoomWait? Of(ClusterState state, RoomId room)
    {
        if (!HasFleet || state.FindRoom(room) is not { Record.Status: RoomStatus.Unplaced } waiting) return null;
        var position = state.WaitingPosition(waiting);
        lock (_gate) return new(position, state.WaitingCount, _estimate.Of(position, time.Now.UnixMs, _capacityAtMs));
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (events.Count == 0) return;
        lock (_gate)
        {
            var fleetChanged = false;
            foreach (var applied in events)
            {
                var now = applied.Context.Time.UnixMs;
                fleetChanged |= applied.Event is NodeEvent or PoolEvent;
                switch (applied.Event)
                {
                    case RoomEvent.Created e: _coming.Remove(e.Room.Value); break;
                    case RoomEvent.Placed e when e.From.IsNone && state.FindRoom(e.Room) is { } room
                        && room.Record.CreatedSeq < FirstOfEntry(applied.Context):
                        _estimate.Served(now);
                        break;
                    case NodeEvent.Registered e when InstanceOf(state, e.Node) is { } instance:
                        _estimate.Booted(now - instance.RequestedAtMs);
                        break;
                }
            }
            _waiting = state.WaitingCount;
            if (fleetChanged) LookAtFleet(state);
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        lock (_gate)
        {
            _waiting = state.WaitingCount;
            LookAtFleet(state);
        }
    }

    private void LookAtFleet(ClusterState state)
    {
        Volatile.Write(ref _hasFleet, state.Nodes.Count > 0 || state.Pools.Count > 0);
        _capacityAtMs = null;
        foreach (var pool in state.Pools)
            foreach (var instance in pool.Instances)
            {
                if (instance.Status == InstanceStatus.Terminating || state.FindNode(instance.Key) is not null) continue;
                var at = _estimate.ExpectedAtMs(instance.RequestedAtMs);
                if (_capacityAtMs is not { } known || at < known) _capacityAtMs = at;
            }
    }

    /// <summary>What was created before that and placed in it has waited.</summary>
    private static ulong FirstOfEntry(in EventContext context) => context.Seq - context.Ordinal;

    private static InstanceRecord? InstanceOf(ClusterState state, NodeId node)
    {
        foreach (var pool in state.Pools) if (pool.Find(node) is { } instance) return instance;
        return null;
    }
}
