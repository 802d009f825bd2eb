using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Nodes;

public abstract record NodeCommand(NodeId Node) : DomainCommand
{
    public override string Subject => "node-" + Node.Value;
    public override void Describe(FieldSink sink) => sink.Node(Node);

    /// <summary>
    /// A process takes a node's name. While an earlier process may still hold rooms it is refused: the leader declares that one lost first.
    /// </summary>
    public sealed record Register(NodeDescription Description) : NodeCommand(Description.Node)
    {
        public override CommandType Type => CommandType.RegisterNode;
        public override void Describe(FieldSink sink) => Description.Describe(sink);
    }

    /// <summary>First silence: no new rooms. From the leader's loop.</summary>
    public sealed record Suspect(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.SuspectNode;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    /// <summary>Suspected, then heard again. From the leader's loop.</summary>
    public sealed record Recover(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.RecoverNode;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    /// <summary>
    /// The lease of this incarnation ended, plus margin: it is fenced and its rooms are released. From the leader's loop.
    /// </summary>
    public sealed record DeclareLost(NodeId Node, ulong Incarnation, LossReason Reason) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.DeclareNodeLost;
        public override void Describe(FieldSink sink)
        {
            DescribeIncarnation(sink, Incarnation);
            sink.Choice("reason", Reason);
        }
    }

    /// <summary>The process said that it stops, gave all up and ended its connection. From the leader's loop.</summary>
    public sealed record Leave(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.LeaveNode;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    public sealed record Cordon(NodeId Node) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.CordonNode;
    }

    /// <summary>Ends a cordon, or takes a drained node back.</summary>
    public sealed record Uncordon(NodeId Node) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.UncordonNode;
    }

    /// <summary>Takes a node without rooms out of the records.</summary>
    public sealed record Deregister(NodeId Node) : NodeCommand(Node)
    {
        public override CommandType Type => CommandType.DeregisterNode;
    }

    private void DescribeIncarnation(FieldSink sink, ulong incarnation)
    {
        sink.Node(Node);
        sink.Number("incarnation", incarnation);
    }
}
