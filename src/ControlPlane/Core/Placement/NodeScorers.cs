namespace VideoScale.ControlPlane.Placement;

/// <summary>Worst fit: what is left in the tightest dimension once the room is there, in permille.</summary>
public sealed class HeadroomScorer : INodeScorer
{
    public int Score(in Candidate candidate, in PlacementRequest request) =>
        candidate.Use.HeadroomPermille(candidate.Node.Capacity, request.Need);
}

/// <summary>Fewer rooms, those under way among them.</summary>
public sealed class FewerRoomsScorer : INodeScorer
{
    public int Score(in Candidate candidate, in PlacementRequest request) =>
        -(int)Math.Min(candidate.Node.Rooms + candidate.Node.PendingRooms, int.MaxValue);
}
