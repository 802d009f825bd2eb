using System.Collections.Immutable;
using VideoScale.Bench.PlacementLab.Choosers;
using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Scaling;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Elastic;

/// <summary>The product's scaling law, asked as its leader asks it.</summary>
internal sealed class ProductScaler(Product product, uint targetPermille, long holdMs, long drainWithinMs) : IScaler
{
    private readonly ScalingMemory _memory = new();
    private readonly PoolRecord _pool = new("lab", PoolPolicy.Default with
    {
        Min = ElasticFleet.Least,
        Max = ElasticFleet.Most,
        TargetPermille = targetPermille,
        HoldMs = (ulong)holdMs,
        DrainWithinMs = (ulong)drainWithinMs,
    }, [], 0, 0, "", 0);

    public void Round(LabFleet fleet, IReadOnlyCollection<LabRoom> waiting, long nowMs)
    {
        var nodes = fleet.Nodes.Select(node => Of(node, nowMs)).ToImmutableArray();
        var need = waiting.Aggregate(Reservation.Nothing, static (sum, room) => sum + room.Peak);
        ImmutableArray<NodeId> keys = [.. Enumerable.Range(1, ElasticFleet.Most).Select(number => _pool.KeyOf((ulong)number))];
        var plan = ScalingLaw.Decide(new(_pool, nodes, keys, need, (uint)waiting.Count, ElasticFleet.BootMs, nowMs, nowMs), _memory);
        foreach (var key in plan.Keep) fleet.SetStatus(Node(fleet, key), LabNodeStatus.Open);
        for (var i = 0; i < plan.Launch; i++) ElasticFleet.Launch(fleet, nowMs);
        foreach (var key in plan.Release)
        {
            var node = Node(fleet, key);
            node.LeavesByMs = nowMs + drainWithinMs;
            fleet.SetStatus(node, LabNodeStatus.Leaving);
        }
        foreach (var (key, reason) in plan.Terminate)
            if (reason == TerminationReason.NotNeeded) fleet.SetStatus(Node(fleet, key), LabNodeStatus.Gone);
    }

    private static LabNode Node(LabFleet fleet, NodeId key) => fleet.Nodes.First(node => node.Id == key);

    private PoolNode Of(LabNode node, long nowMs)
    {
        var standing = node.Status switch
        {
            LabNodeStatus.Booting => PoolNodeStanding.Booting,
            LabNodeStatus.Leaving => PoolNodeStanding.Leaving,
            _ => PoolNodeStanding.Open,
        };
        var use = product.View.Find(node.Id) is { } view ? NodeUse.Of(view, PlacementSettings.Default, nowMs) : (NodeUse?)null;
        return new(node.Id, true, standing, standing == PoolNodeStanding.Leaving, product.CapacityOf(node), use, (uint)node.Rooms.Count,
            (uint)node.Participants, true, node.Rooms.Count == 0, 0, nowMs - node.AskedAtMs);
    }
}
