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
        public override EventType Type => EventType.MediaNodeRegistered;
        public override void Describe(FieldSink sink) => Description.Describe(sink);
        public override string Words => $"node {Node} registered at {Description.Address} (incarnation {Description.Incarnation})";
    }

    public sealed record Suspected(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeSuspected;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} fell silent and gets no new rooms";
    }

    public sealed record Recovered(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeRecovered;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} was heard again";
    }

    public sealed record Lost(NodeId Node, ulong Incarnation, LossReason Reason, uint Rooms) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeLost;
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
        public override EventType Type => EventType.MediaNodeCordoned;
        public override string Words => $"node {Node} was cordoned: no new rooms";
    }

    public sealed record Uncordoned(NodeId Node) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeUncordoned;
        public override string Words => $"node {Node} takes rooms again";
    }

    public sealed record Left(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeLeft;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} stopped by itself, holding nothing";
    }

    public sealed record Deregistered(NodeId Node, ulong Incarnation) : NodeEvent(Node)
    {
        public override EventType Type => EventType.MediaNodeDeregistered;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
        public override string Words => $"node {Node} left the fleet";
    }

    private void DescribeIncarnation(FieldSink sink, ulong incarnation)
    {
        sink.Node(Node);
        sink.Number("incarnation", incarnation);
    }
}
