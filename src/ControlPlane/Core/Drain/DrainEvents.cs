using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
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
        internal static readonly EventShape Shape = new(EventType.DrainStarted,
            static (ref CanonicalReader r) => new Started(r.ReadNode(), r.ReadInt64(), r.ReadUInt32()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.DrainRoomMoved,
            static (ref CanonicalReader r) => new RoomMoved(r.ReadNode(), r.ReadRoom(), r.ReadNode(), r.ReadEpoch()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.DrainTimedOut,
            static (ref CanonicalReader r) => new TimedOut(r.ReadNode(), r.ReadUInt32()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("rooms", Rooms);
        }
        public override string Words => $"the drain of {Node} reached its deadline with {Rooms} rooms left, which are moved now";
    }

    public sealed record DeadlineChanged(NodeId Node, long DeadlineMs, uint Rooms) : DrainEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.DrainDeadlineChanged,
            static (ref CanonicalReader r) => new DeadlineChanged(r.ReadNode(), r.ReadInt64(), r.ReadUInt32()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.DrainBlocked,
            static (ref CanonicalReader r) => new Blocked(r.ReadNode(), r.ReadUInt32(), r.ReadRoom(), r.ReadString()));
        public override EventType Type => Shape.Type;
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
        internal static readonly EventShape Shape = new(EventType.DrainCompleted,
            static (ref CanonicalReader r) => new Completed(r.ReadNode()));
        public override EventType Type => Shape.Type;
        public override string Words => $"node {Node} is drained: it holds nothing";
    }

    public sealed record Cancelled(NodeId Node) : DrainEvent(Node)
    {
        internal static readonly EventShape Shape = new(EventType.DrainCancelled,
            static (ref CanonicalReader r) => new Cancelled(r.ReadNode()));
        public override EventType Type => Shape.Type;
        public override string Words => $"the drain of {Node} was cancelled";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class DrainEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        DrainEvent.Started.Shape, DrainEvent.RoomMoved.Shape, DrainEvent.TimedOut.Shape, DrainEvent.DeadlineChanged.Shape,
        DrainEvent.Blocked.Shape, DrainEvent.Completed.Shape, DrainEvent.Cancelled.Shape,
    ];
}
