namespace VideoScale.ControlPlane.Placement;

/// <summary>One node in one decision.</summary>
public readonly record struct Candidate(NodeView Node, NodeUse Use, PlacementSettings Settings);

/// <summary>Why a node may not host a room, with the figures that say so.</summary>
/// <param name="Reason">None: nothing is against it.</param>
public readonly record struct Refusal(RejectionReason Reason, ulong Limit = 0, ulong InUse = 0, ulong Need = 0)
{
    public static Refusal None => default;
    public static implicit operator Refusal(RejectionReason reason) => new(reason);
}

/// <summary>One rule about which nodes may host a room. Pure.</summary>
public interface INodeFilter
{
    Refusal Refuse(in Candidate candidate, in PlacementRequest request);
}

/// <summary>One preference among the nodes that may host a room. Pure.</summary>
public interface INodeScorer
{
    /// <returns>More is better.</returns>
    int Score(in Candidate candidate, in PlacementRequest request);
}
