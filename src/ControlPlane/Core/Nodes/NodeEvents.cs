using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Nodes;

public abstract record NodeEvent(NodeId Node) : DomainEvent
{
    public override string Stream => "node-" + Node.Value;
    public override void Describe(FieldSink sink) => sink.Node(Node);

    public sealed record Registered(NodeDescription Description) : NodeEvent(Description.Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeRegistered,
            static (ref CanonicalReader r) => new Registered(NodeDescription.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Description.Describe(sink);
        public override string Words => $"node {Node} registered at {Description.Address} (incarnation {Description.Incarnation})";
    }

    public sealed record Suspected(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeSuspected,
            static (ref CanonicalReader r) => new Suspected(r.ReadNode(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} fell silent and gets no new rooms";
    }

    public sealed record Recovered(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeRecovered,
            static (ref CanonicalReader r) => new Recovered(r.ReadNode(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} was heard again";
    }

    public sealed record Lost(NodeId Node, ulong Incarnation, LossReason Reason, uint Rooms) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeLost,
            static (ref CanonicalReader r) => new Lost(r.ReadNode(), r.ReadUInt64(), (LossReason)r.ReadByte(), r.ReadUInt32()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            DescribeIncarnation(sink, Incarnation);
            sink.Choice("reason", Reason);
            sink.Number("rooms", Rooms);
        }
        public override string Words => Reason == LossReason.Superseded
            ? $"incarnation {Incarnation} of node {Node} was fenced: a new process took its name and its lease ended; {Rooms} rooms need "
                + $"a new owner"
            : $"node {Node} was lost: its lease ended without a heartbeat; {Rooms} rooms need a new owner";
    }

    public sealed record Cordoned(NodeId Node) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeCordoned,
            static (ref CanonicalReader r) => new Cordoned(r.ReadNode()));
        public override EventType Type => Shape.Type;
        public override string Words => $"node {Node} was cordoned: no new rooms";
    }

    public sealed record Uncordoned(NodeId Node) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeUncordoned,
            static (ref CanonicalReader r) => new Uncordoned(r.ReadNode()));
        public override EventType Type => Shape.Type;
        public override string Words => $"node {Node} takes rooms again";
    }

    public sealed record Left(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeLeft,
            static (ref CanonicalReader r) => new Left(r.ReadNode(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} stopped by itself, holding nothing";
    }

    public sealed record Deregistered(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.MediaNodeDeregistered,
            static (ref CanonicalReader r) => new Deregistered(r.ReadNode(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} left the fleet";
    }

    private void DescribeIncarnation(FieldSink sink, ulong incarnation)
    {
        sink.Node(Node);
        sink.Number("incarnation", incarnation);
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class NodeEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        NodeEvent.Registered.Shape, NodeEvent.Suspected.Shape, NodeEvent.Recovered.Shape, NodeEvent.Lost.Shape,
        NodeEvent.Cordoned.Shape, NodeEvent.Uncordoned.Shape, NodeEvent.Left.Shape, NodeEvent.Deregistered.Shape,
    ];
}
