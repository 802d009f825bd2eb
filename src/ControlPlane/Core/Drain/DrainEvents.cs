using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Drain;

public abstract record DrainEvent(NodeId Node) : DomainEvent
{
    public override string Stream => "drain-" + Node.Value;
    public override void Describe(FieldSink sink) => sink.Node(Node);

    public sealed record Started(NodeId Node, long DeadlineMs, uint Rooms) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainStarted;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Signed("deadline_ms", DeadlineMs);
            sink.Number("rooms", Rooms);
        }
        public override string Words =>
            $"a drain of node {Node} began with {Rooms} rooms; those left at {new LogTime(DeadlineMs)} are moved";
    }

    public sealed record RoomMoved(NodeId Node, RoomId Room, NodeId To, Epoch Epoch) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainRoomMoved;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Room(Room);
            sink.Node("to", To);
            sink.Epoch(Epoch);
        }
        public override string Words => $"the drain of {Node} moved room {Room} to {To} (epoch {Epoch})";
    }

    public sealed record TimedOut(NodeId Node, uint Rooms) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainTimedOut;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("rooms", Rooms);
        }
        public override string Words => $"the drain of {Node} reached its deadline with {Rooms} rooms left, which are moved now";
    }

    public sealed record DeadlineChanged(NodeId Node, long DeadlineMs, uint Rooms) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainDeadlineChanged;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Signed("deadline_ms", DeadlineMs);
            sink.Number("rooms", Rooms);
        }
        public override string Words =>
            $"the drain of {Node} got another deadline: of its {Rooms} rooms those left at {new LogTime(DeadlineMs)} are moved";
    }

    public sealed record Blocked(NodeId Node, uint Rooms, RoomId Room, string Reason) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainBlocked;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("rooms", Rooms);
            sink.Room(Room);
            sink.Text("reason", Reason);
        }
        public override string Words => $"the drain of {Node} waits: {Rooms} rooms can go nowhere, e.g. {Room}: {Reason}";
    }

    public sealed record Completed(NodeId Node) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainCompleted;
        public override string Words => $"node {Node} is drained: it holds nothing";
    }

    public sealed record Cancelled(NodeId Node) : DrainEvent(Node)
    {
        public override EventType Type => EventType.DrainCancelled;
        public override string Words => $"the drain of {Node} was cancelled";
    }
}
