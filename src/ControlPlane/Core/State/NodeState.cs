using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Ordinal;
using VideoScale.ControlPlane.Placement;

namespace VideoScale.ControlPlane.State;

/// <summary>A node in state: its record and what is counted from the rooms it owns. Changed only by Evolve.</summary>
public sealed class NodeState : INamed
{
    internal NodeState(NodeRecord record) => Record = record;

    public string Name => Record.Id.Value;
    public NodeRecord Record { get; internal set; }

    /// <summary>Rooms it owns, or still holds while they are revoked: its unreleased ownerships.</summary>
    public OrdinalIndex<RoomState> Rooms { get; } = new();

    /// <summary>Sum of what its rooms are charged; never over its capacity.</summary>
    public Reservation Charged { get; internal set; }

    /// <summary>Sum of what the seats taken in its rooms cost.</summary>
    public Reservation Actual { get; internal set; }

    internal UInt128 HashCounted { get; set; }
    internal bool IsDirty { get; set; }
}
