using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Choosers;

/// <summary>The product's policy over the product's view of the fleet.</summary>
internal sealed class Product(string name, PlacementPolicy policy, Capacity perCore) : IChooser
{
    private static readonly PlacementSettings Settings = PlacementSettings.Default;
    private readonly FleetView _view = new();

    public string Name => name;
    internal FleetView View => _view;
    internal PlacementPolicy Policy => policy;

    public LabNode? Choose(LabRoom room, LabNode? from, IReadOnlyList<LabNode> open, long nowMs)
    {
        var decision = policy.Decide(_view, RequestOf(room, from), Settings, nowMs);
        if (!decision.Found) return null;
        _view.Charge(room.Id, decision.Node, decision.Need);
        _view.Settle(room.Id); // what follows is in state at once: the simulation tells of the change
        foreach (var node in open)
            if (node.Id == decision.Node) return node;
        return null;
    }

    internal static PlacementRequest RequestOf(LabRoom room, LabNode? from) =>
        new(room.Peak, "", from is null ? PlacementReason.Created : PlacementReason.Drain, from?.Id ?? new(""), new(""));

    /// <summary>Hard caps hold at each join, as the decider of seats has it.</summary>
    public bool Admits(LabRoom room, int person)
    {
        var node = room.Node!;
        var with = RoomCost.Of((uint)room.Participants + 1, room.Publishers + (room.MayPublish(person) ? 1u : 0));
        var then = node.Charged - room.Charged + Reservation.Max(room.Reserved, with);
        var capacity = CapacityOf(node);
        return then.Publishers <= capacity.Publishers && then.Subscribers <= capacity.Subscribers
            && then.BitrateKbps <= capacity.BitrateKbps;
    }

    internal Capacity CapacityOf(LabNode node) => new((uint)(perCore.Publishers * node.Cores), (uint)(perCore.Subscribers * node.Cores),
        (ulong)(perCore.BitrateKbps * node.Cores));

    public void Changed(LabNode node, long nowMs)
    {
        if (node.Status is LabNodeStatus.Dead or LabNodeStatus.Gone)
        {
            _view.Forget(node.Id);
            return;
        }
        var standing = node.Status switch
        {
            LabNodeStatus.Open => NodeStanding.Open,
            LabNodeStatus.Leaving => NodeStanding.Draining,
            _ => NodeStanding.Suspected,
        };
        _view.Refresh(new NodeView(node.Id, 1, "", standing, CapacityOf(node), node.Charged, node.Actual, (uint)node.Rooms.Count,
            Reservation.Nothing, 0, null)
        { SettledKbps = SettledKbpsOf(node, nowMs) });
    }

    /// <summary>As the product counts it out of its state.</summary>
    private static ulong SettledKbpsOf(LabNode node, long nowMs)
    {
        ulong settled = 0;
        foreach (var room in node.Rooms)
            if (nowMs - room.PlacedAtMs >= PlacementInputs.GrowsForMs) settled += room.Charged.BitrateKbps - room.Actual.BitrateKbps;
        return settled;
    }

    public void Heard(LabNode node, long nowMs) => _view.Measured(node.Id, 1, node.Measured(nowMs));
}
