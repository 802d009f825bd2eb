using VideoScale.Model;

namespace VideoScale.ControlPlane.Placement;

/// <summary>What is to be placed; made of a room in <c>Fleets/PlacementInputs.cs</c>.</summary>
/// <param name="Need">See <see cref="RoomCost.ForPeak"/>.</param>
/// <param name="Region">Empty for any.</param>
/// <param name="Avoid">A node the room is being moved away from; none otherwise.</param>
/// <param name="Target">Only this node will do; none for any.</param>
public readonly record struct PlacementRequest(Reservation Need, string Region, PlacementReason Reason, NodeId Avoid, NodeId Target);

/// <param name="AdmitPermille">New rooms fill a node up to this share of its hard caps; the rest is for growth beyond the forecast.</param>
/// <param name="CpuPermille">No new rooms above this measured CPU.</param>
/// <param name="LoadFreshMs">Measured load older than this is not used.</param>
public sealed record PlacementSettings(uint AdmitPermille, uint CpuPermille, long LoadFreshMs)
{
    public static readonly PlacementSettings Default = new(850, 850, 10_000);
}
