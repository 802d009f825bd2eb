using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>A hard cap of a node that would be passed.</summary>
public readonly record struct CapExceeded(AdmissionCap Cap, ulong Limit, ulong InUse, ulong Need)
{
    public string Words(NodeId node) =>
        new ParticipantEvent.AdmissionDenied(new(""), new(""), ParticipantRole.None, Cap, Limit, InUse, Need, node).Reason;
}

/// <summary>Hard caps: publishers, subscribers, bitrate. What is charged to a node never passes them.</summary>
public static class NodeCaps
{
    /// <param name="with">What a room would be charged.</param>
    /// <param name="before">What it is charged on this node already.</param>
    /// <returns>The first cap that would be passed; null when it fits.</returns>
    public static CapExceeded? Check(NodeState node, Reservation with, Reservation before)
    {
        var inUse = node.Charged - before;
        var capacity = node.Record.Capacity;
        if (inUse.Publishers + (ulong)with.Publishers > capacity.Publishers)
            return new(AdmissionCap.NodePublishers, capacity.Publishers, node.Charged.Publishers, More(with.Publishers, before.Publishers));
        if (inUse.Subscribers + (ulong)with.Subscribers > capacity.Subscribers)
            return new(AdmissionCap.NodeSubscribers, capacity.Subscribers, node.Charged.Subscribers,
                More(with.Subscribers, before.Subscribers));
        if (inUse.BitrateKbps + with.BitrateKbps > capacity.BitrateKbps)
            return new(AdmissionCap.NodeBitrate, capacity.BitrateKbps, node.Charged.BitrateKbps,
                More(with.BitrateKbps, before.BitrateKbps));
        return null;
    }

    private static ulong More(ulong with, ulong before) => with > before ? with - before : 0;
}
