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
        public override CommandType Type => CommandType.BeginDrain;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("within_ms", WithinMs);
        }
    }

    /// <summary>Another deadline for a drain that runs, counted from now; begins one where none does.</summary>
    public sealed record SetDeadline(NodeId Node, ulong WithinMs) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.SetDrainDeadline;
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
        public override CommandType Type => CommandType.RecordDrainBlocked;
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
        public override CommandType Type => CommandType.CancelDrain;
    }

    /// <summary>The deadline has passed with rooms still there. From the leader's loop.</summary>
    public sealed record TimeOut(NodeId Node) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.TimeOutDrain;
    }

    /// <summary>Nothing is left on the node. From the leader's loop.</summary>
    public sealed record Complete(NodeId Node) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.CompleteDrain;
    }
}
