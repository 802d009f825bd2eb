using VideoScale.Model;

namespace VideoScale.ControlPlane.Placement;

/// <summary>What is known of a node's process, and of what operators want of it; the first that is against rooms.</summary>
public enum NodeStanding : byte { Open = 0, Left, Lost, Suspected, Cordoned, Draining, Drained }

/// <summary>What a node measured of itself; eventual, never in the log.</summary>
/// <param name="BitrateKbps">In and out together.</param>
/// <param name="CpuPermille">Of all cores.</param>
/// <param name="MeasuredAtMs">On the leader's monotonic clock, when it arrived.</param>
/// <param name="Leaving">The process is stopping: it must get no new rooms.</param>
public readonly record struct MeasuredLoad(uint CpuPermille, ulong BitrateKbps, uint Publishers, uint Subscribers, long MeasuredAtMs,
    bool Leaving = false)
{
    /// <summary>What the seats taken cost by the model when this arrived: what CPU was measured of.</summary>
    public ulong ActualKbpsThen { get; init; }
}

/// <summary>A node as placement sees it; made of state in <c>Fleets/PlacementInputs.cs</c>.</summary>
/// <param name="Charged">What its rooms are charged in state.</param>
/// <param name="Actual">What the seats taken in them cost by the model.</param>
/// <param name="Pending">Charged by decisions that are on their way through the log.</param>
public sealed record NodeView(
    NodeId Node, ulong Incarnation, string Region, NodeStanding Standing, Capacity Capacity,
    Reservation Charged, Reservation Actual, uint Rooms, Reservation Pending, uint PendingRooms, MeasuredLoad? Load)
{
    /// <summary>
    /// What a Tbit/s of the cost model takes of its CPU, in permille, as learned from what it measured; 0 until something was.
    /// </summary>
    public uint CpuPermillePerTbps { get; init; }

    /// <summary>Of what is charged, what is not to be expected any more: growth of rooms that have been there for long.</summary>
    public ulong SettledKbps { get; init; }

    /// <summary>What a bitrate of the cost model takes of its CPU, in permille.</summary>
    public ulong CpuPermilleOf(ulong kbps) => kbps * CpuPermillePerTbps / KbpsPerTbps;

    internal const ulong KbpsPerTbps = 1_000_000_000;
}

/// <summary>Nodes to choose among.</summary>
public interface IFleet
{
    /// <summary>Log index the replicated part is true at.</summary>
    ulong ViewIndex { get; }

    /// <summary>In ordinal order of names. Side by side: a decision walks over all of them.</summary>
    ReadOnlySpan<NodeView> Nodes { get; }
}
