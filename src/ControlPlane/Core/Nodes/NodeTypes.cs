using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Nodes;

/// <summary>As on the wire (videoscale.v1.NodeHealth).</summary>
public enum NodeHealth : byte { None = 0, Healthy = 1, Suspected = 2, Lost = 3, Left = 4 }

/// <summary>As on the wire (videoscale.v1.NodeScheduling).</summary>
public enum NodeScheduling : byte { None = 0, Active = 1, Cordoned = 2, Draining = 3, Drained = 4 }

public enum LossReason : byte
{
    None = 0,
    /// <summary>Its lease ended without a heartbeat.</summary>
    LeaseEnded = 1,
    /// <summary>A new process took its name, and its lease ended.</summary>
    Superseded = 2,
}

/// <summary>What a process says of itself when it registers under a node's name.</summary>
/// <param name="Incarnation">Random, chosen when the process started; not 0.</param>
/// <param name="Address">host:port of its gRPC endpoint, as clients reach it.</param>
public sealed record NodeDescription(NodeId Node, ulong Incarnation, string Region, string Zone, string Address, Capacity Capacity)
{
    public void Describe(FieldSink sink)
    {
        sink.Node(Node);
        sink.Number("incarnation", Incarnation);
        sink.Text("region", Region);
        sink.Text("zone", Zone);
        sink.Text("address", Address);
        Capacity.Describe(sink);
    }

    public static NodeDescription Read(ref CanonicalReader reader) => new(
        new(reader.ReadString()), reader.ReadUInt64(), reader.ReadString(), reader.ReadString(), reader.ReadString(),
            Capacity.Read(ref reader));
}
