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
