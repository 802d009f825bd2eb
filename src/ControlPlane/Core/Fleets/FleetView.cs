using VideoScale.ControlPlane.Ordinal;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Fleets;

/// <summary>
/// The fleet as the leader sees it: replicated state joined with telemetry and with its own decisions that are still under way.
/// A decision is charged when it is made, so a burst of joins never herds on one node.
/// </summary>
/// <remarks>One caller. Refresh nodes from state after entries were applied; settle a pending decision when its outcome is known.</remarks>
public sealed class FleetView : IFleet
{
    /// <summary>So long the sum over a node's rooms is good for.</summary>
    private const long SettledForMs = 5_000;
    private readonly OrdinalIndex<Slot> _nodes = new();
    private readonly Dictionary<string, (string Node, Reservation Need)> _pending = new(StringComparer.Ordinal);

    private readonly CpuCost _cpuCost = new();
    private NodeView[] _ordered = [];

    /// <summary>Log index the replicated part is true at.</summary>
    public ulong ViewIndex { get; private set; }
    public int PendingCount => _pending.Count;

    /// <summary>In ordinal order of names.</summary>
    public ReadOnlySpan<NodeView> Nodes => _ordered;

    public NodeView? Find(NodeId node) => _nodes.Find(node.Value)?.View;

    /// <summary>Takes all nodes from state; measured load and pending decisions stay.</summary>
    public void Refresh(ClusterState state, ulong appliedIndex)
    {
        ViewIndex = appliedIndex;
        foreach (var gone in _nodes.InOrder().Where(slot => !state.Nodes.Contains(slot.Name)).ToArray()) Forget(gone.View.Node);
        foreach (var node in state.Nodes.InOrder()) Refresh(node, state.LastTime.UnixMs);
    }

    /// <summary>
    /// Takes one node from state. Its rooms are looked through only now and then: they settle slowly, and nodes change all the time.
    /// </summary>
    public void Refresh(NodeState node, long logNowMs)
    {
        if (_nodes.TryGet(node.Name, out var known) && logNowMs - known.SettledAtMs < SettledForMs)
        {
            Refresh(PlacementInputs.ViewOf(node, known.View.SettledKbps));
            return;
        }
        Refresh(PlacementInputs.ViewOf(node, PlacementInputs.SettledKbps(node, logNowMs)));
        _nodes.Find(node.Name)!.SettledAtMs = logNowMs;
    }

    /// <param name="fresh">Without load and decisions under way.</param>
    public void Refresh(NodeView fresh)
    {
        if (_nodes.TryGet(fresh.Node.Value, out var slot))
        {
            var load = slot.View.Incarnation == fresh.Incarnation ? slot.View.Load : null; // another process measures anew
            Set(slot, fresh with
            {
                Pending = slot.View.Pending,
                PendingRooms = slot.View.PendingRooms,
                Load = load,
                CpuPermillePerTbps = slot.View.CpuPermillePerTbps,
            });
            return;
        }
        foreach (var (home, need) in _pending.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value))
            if (home == fresh.Node.Value) fresh = fresh with { Pending = fresh.Pending + need, PendingRooms = fresh.PendingRooms + 1 };
        _nodes.Add(new Slot(fresh with { CpuPermillePerTbps = _cpuCost.Of(fresh.Capacity) }));
        Reorder();
    }

    public void Forget(NodeId node)
    {
        if (_nodes.Remove(node.Value)) Reorder();
    }

    public void Measured(NodeId node, ulong incarnation, MeasuredLoad load)
    {
        // What a node says of itself is bounded here, so that no sum of it can overflow.
        load = load with
        {
            CpuPermille = Math.Min(load.CpuPermille, 1000),
            Publishers = Math.Min(load.Publishers, Capacity.MaxSubscribers),
            Subscribers = Math.Min(load.Subscribers, Capacity.MaxSubscribers),
            BitrateKbps = Math.Min(load.BitrateKbps, Capacity.MaxBitrateKbps),
        };
        if (_nodes.TryGet(node.Value, out var slot) && slot.View.Incarnation == incarnation)
        {
            load = load with { ActualKbpsThen = slot.View.Actual.BitrateKbps };
            var cost = _cpuCost.Learn(slot.View.CpuPermillePerTbps, load, slot.View.Capacity);
            Set(slot, slot.View with { Load = load, CpuPermillePerTbps = cost });
        }
    }

    /// <summary>Charges a decision that was just proposed. A room has one at a time: a second replaces the first.</summary>
    public void Charge(RoomId room, NodeId node, Reservation need)
    {
        Settle(room);
        _pending.Add(room.Value, (node.Value, need));
        if (_nodes.TryGet(node.Value, out var slot))
            Set(slot, slot.View with { Pending = slot.View.Pending + need, PendingRooms = slot.View.PendingRooms + 1 });
    }

    /// <summary>The decision's fate is known: state charges it now, or nobody does. Refresh the node too when it was applied.</summary>
    public void Settle(RoomId room)
    {
        if (!_pending.Remove(room.Value, out var pending)) return;
        if (_nodes.TryGet(pending.Node, out var slot))
            Set(slot, slot.View with { Pending = slot.View.Pending - pending.Need, PendingRooms = slot.View.PendingRooms - 1 });
    }

    private void Set(Slot slot, NodeView view) => _ordered[slot.At] = slot.View = view;

    /// <summary>Nodes come and go rarely: decisions are made all the time.</summary>
    private void Reorder()
    {
        _ordered = new NodeView[_nodes.Count];
        var at = 0;
        foreach (var slot in _nodes.InOrder())
        {
            slot.At = at;
            _ordered[at++] = slot.View;
        }
    }

    private sealed class Slot(NodeView view) : INamed
    {
        public string Name { get; } = view.Node.Value;
        public NodeView View { get; set; } = view;
        public int At { get; set; }
        public long SettledAtMs { get; set; }
    }
}
