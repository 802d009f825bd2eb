using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
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
        internal static readonly CommandShape Shape = new(CommandType.RegisterNode,
            static (ref CanonicalReader r) => new Register(NodeDescription.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Description.Describe(sink);
    }

    /// <summary>First silence: no new rooms. From the leader's loop.</summary>
    public sealed record Suspect(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.SuspectNode,
            static (ref CanonicalReader r) => new Suspect(r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    /// <summary>Suspected, then heard again. From the leader's loop.</summary>
    public sealed record Recover(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.RecoverNode,
            static (ref CanonicalReader r) => new Recover(r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    /// <summary>
    /// The lease of this incarnation ended, plus margin: it is fenced and its rooms are released. From the leader's loop.
    /// </summary>
    public sealed record DeclareLost(NodeId Node, ulong Incarnation, LossReason Reason) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.DeclareNodeLost,
            static (ref CanonicalReader r) => new DeclareLost(r.ReadNode(), r.ReadUInt64(), (LossReason)r.ReadByte()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            DescribeIncarnation(sink, Incarnation);
            sink.Choice("reason", Reason);
        }
    }

    /// <summary>The process said that it stops, gave all up and ended its connection. From the leader's loop.</summary>
    public sealed record Leave(NodeId Node, ulong Incarnation) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.LeaveNode,
            static (ref CanonicalReader r) => new Leave(r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => DescribeIncarnation(sink, Incarnation);
    }

    public sealed record Cordon(NodeId Node) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.CordonNode,
            static (ref CanonicalReader r) => new Cordon(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>Ends a cordon, or takes a drained node back.</summary>
    public sealed record Uncordon(NodeId Node) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.UncordonNode,
            static (ref CanonicalReader r) => new Uncordon(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>Takes a node without rooms out of the records.</summary>
    public sealed record Deregister(NodeId Node) : NodeCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.DeregisterNode,
            static (ref CanonicalReader r) => new Deregister(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }

    private void DescribeIncarnation(FieldSink sink, ulong incarnation)
    {
        sink.Node(Node);
        sink.Number("incarnation", incarnation);
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class NodeCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        NodeCommand.Register.Shape, NodeCommand.Suspect.Shape, NodeCommand.Recover.Shape, NodeCommand.DeclareLost.Shape,
        NodeCommand.Leave.Shape, NodeCommand.Cordon.Shape, NodeCommand.Uncordon.Shape, NodeCommand.Deregister.Shape,
    ];
}
