using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>A room on a node, as rebalancing looks at it.</summary>
/// <param name="Region">It is bound to; empty for none.</param>
/// <param name="Need">What would be reserved for it elsewhere.</param>
/// <param name="Actual">What the seats taken in it cost by the model.</param>
/// <param name="Charged">What is charged for it where it is.</param>
/// <param name="Participants">Whom a move would disturb.</param>
/// <param name="MayMove">It is not on its way already, and was not moved lately.</param>
public readonly record struct MovableRoom(RoomId Room, Epoch Epoch, string Region, Reservation Need, Reservation Actual,
    Reservation Charged, uint Participants, bool MayMove);

/// <summary>One room that is to go elsewhere, with the figures that say why.</summary>
/// <param name="FromPermille">Of the node it leaves, before.</param>
/// <param name="ToPermille">Of the node it goes to, with it.</param>
/// <param name="ReliefPermille">So much less the node that it leaves carries.</param>
public sealed record PlannedMove(RoomId Room, Epoch Epoch, NodeId From, NodeId To, uint Participants, uint FromPermille, uint ToPermille,
    uint ReliefPermille)
{
    public string Words => $"{Room} from {From} ({FromPermille}‰ in use) to {To} ({ToPermille}‰ with it): "
        + $"{ReliefPermille}‰ of relief, {Participants} people";
}
