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

/// <summary>
/// What is left of the CPU, as forecast, or of another dimension where that is less. Below nothing where more is promised than there is:
/// the least crowded is still the best then.
/// </summary>
public sealed class ForecastScorer : INodeScorer
{
    public int Score(in Candidate candidate, in PlacementRequest request)
    {
        var caps = candidate.Use.HeadroomPermille(candidate.Node.Capacity, request.Need);
        return Math.Min(caps, 1000 - (int)Math.Min(int.MaxValue, candidate.Use.CpuForecastPermille(candidate.Node, request.Need)));
    }
}
