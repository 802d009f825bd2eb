using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Drain;

public abstract record DrainCommand(NodeId Node) : DomainCommand
{
    public const ulong MaxWithinMs = 604_800_000;

    public override string Subject => "drain-" + Node.Value;
    public override void Describe(FieldSink sink) => sink.Node(Node);

    /// <param name="WithinMs">Rooms still there after this long are moved; 0 moves them at once.</param>
    public sealed record Begin(NodeId Node, ulong WithinMs) : DrainCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.BeginDrain,
            static (ref CanonicalReader r) => new Begin(r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("within_ms", WithinMs);
        }
    }

    /// <summary>Another deadline for a drain that runs, counted from now; begins one where none does.</summary>
    public sealed record SetDeadline(NodeId Node, ulong WithinMs) : DrainCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.SetDrainDeadline,
            static (ref CanonicalReader r) => new SetDeadline(r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("within_ms", WithinMs);
        }
    }

    /// <summary>Nothing moves any more, since no other node could take what is left. From the leader's loop.</summary>
    /// <param name="Room">One of the rooms.</param>
    /// <param name="Reason">What keeps it, and what would help.</param>
    public sealed record RecordBlocked(NodeId Node, uint Rooms, RoomId Room, string Reason) : DrainCommand(Node)
    {
        public const int MaxReasonLength = 512;
        internal static readonly CommandShape Shape = new(CommandType.RecordDrainBlocked,
            static (ref CanonicalReader r) => new RecordBlocked(r.ReadNode(), r.ReadUInt32(), r.ReadRoom(), r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("rooms", Rooms);
            sink.Room(Room);
            sink.Text("reason", Reason);
        }
    }

    public sealed record Cancel(NodeId Node) : DrainCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.CancelDrain,
            static (ref CanonicalReader r) => new Cancel(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>The deadline has passed with rooms still there. From the leader's loop.</summary>
    public sealed record TimeOut(NodeId Node) : DrainCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.TimeOutDrain,
            static (ref CanonicalReader r) => new TimeOut(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>Nothing is left on the node. From the leader's loop.</summary>
    public sealed record Complete(NodeId Node) : DrainCommand(Node)
    {
        internal static readonly CommandShape Shape = new(CommandType.CompleteDrain,
            static (ref CanonicalReader r) => new Complete(r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class DrainCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        DrainCommand.Begin.Shape, DrainCommand.SetDeadline.Shape, DrainCommand.RecordBlocked.Shape, DrainCommand.Cancel.Shape,
        DrainCommand.TimeOut.Shape, DrainCommand.Complete.Shape,
    ];
}
