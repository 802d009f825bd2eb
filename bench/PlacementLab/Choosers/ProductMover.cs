using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Choosers;

/// <summary>The product's rebalancing, over the view that the product's policy has.</summary>
internal sealed class ProductMover(Product product, RebalanceSettings settings) : IMover
{
    private readonly Queue<long> _lastMinute = new();

    public IEnumerable<(LabRoom Room, LabNode To)> Round(LabFleet fleet, long nowMs)
    {
        while (_lastMinute.TryPeek(out var at) && nowMs - at >= 60_000) _lastMinute.Dequeue();
        var most = Math.Min((int)settings.MaxInParallel, (int)settings.MaxPerMinute - _lastMinute.Count);
        var nodes = fleet.Nodes.ToDictionary(node => node.Id);
        foreach (var move in RebalanceLaw.Plan(product.View, product.Policy, node => RoomsOf(nodes[node], nowMs), settings.AbovePermille,
            most, PlacementSettings.Default, nowMs))
        {
            _lastMinute.Enqueue(nowMs);
            yield return (nodes[move.From].Rooms.First(room => room.Id == move.Room), nodes[move.To]);
        }
    }

    private List<MovableRoom> RoomsOf(LabNode node, long nowMs) =>
        [.. node.Rooms.OrderBy(room => room.Plan.Number).Select(room => new MovableRoom(room.Id, new Epoch(1), "", room.Peak, room.Actual,
            room.Charged, (uint)room.Participants,
            room.Participants > 0 && (room.MovedAtMs < 0 || nowMs - room.MovedAtMs >= (long)settings.CooldownMs)))];
}
