using System.Collections.Immutable;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Scaling;

/// <summary>How a node stands between its provider and its rooms.</summary>
public enum PoolNodeStanding : byte
{
    /// <summary>Asked for, not registered yet.</summary>
    Booting,
    /// <summary>Takes rooms, or would if it were heard.</summary>
    Open,
    /// <summary>Is being drained.</summary>
    Leaving,
    Drained,
    /// <summary>Its process is over.</summary>
    Gone,
    /// <summary>Its provider is being asked to end it.</summary>
    Terminating,
}

/// <summary>A node that counts for a pool.</summary>
/// <param name="IsOurs">Of the pool; else one that somebody started by hand in the same region, whose room counts too.</param>
/// <param name="IsReleased">Its drain is the scaler's.</param>
/// <param name="Use">Null until it registered.</param>
/// <param name="HasFreshLoad">It said how loaded it is, not long ago.</param>
/// <param name="SaysEmpty">It said itself, not long ago, that it holds no room.</param>
/// <param name="QueueMicros">Packets wait so long in its slowest shard.</param>
/// <param name="WaitedMs">Since it was asked for.</param>
public sealed record PoolNode(
    NodeId Key, bool IsOurs, PoolNodeStanding Standing, bool IsReleased, Capacity Capacity, NodeUse? Use, uint Rooms, uint Participants,
    bool HasFreshLoad, bool SaysEmpty, uint QueueMicros, long WaitedMs);

/// <summary>All that a round of the scaler rests on.</summary>
/// <param name="Waiting">What rooms without a node need.</param>
/// <param name="LeadMs">So long after a launch a node takes rooms, as seen before.</param>
/// <param name="FreeKeys">Keys that the next instances may have.</param>
/// <param name="NowMs">Leader's monotonic clock.</param>
public sealed record ScalingInput(
    PoolRecord Pool, ImmutableArray<PoolNode> Nodes, ImmutableArray<NodeId> FreeKeys, Reservation Waiting, uint WaitingRooms, long LeadMs,
        long NowMs, long LogNowMs);
