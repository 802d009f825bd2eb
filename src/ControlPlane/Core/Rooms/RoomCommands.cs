using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rooms;

public abstract record RoomCommand(RoomId Room) : DomainCommand
{
    public override string Subject => "room-" + Room.Value;

    /// <param name="Placement">What the leader decided when it took the request, so that create and place are one entry; null when it could
    /// not decide.</param>
    /// <param name="PlacementTerm">Term that decision belongs to: in another term the room is created unplaced.</param>
    public sealed record Create(RoomId Room, RoomSettings Settings, PlacementDecision? Placement = null, ulong PlacementTerm = 0)
        : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.CreateRoom,
            static (ref CanonicalReader r) =>
            {
                var (room, settings, term) = (r.ReadRoom(), RoomSettings.Read(ref r), r.ReadUInt64());
                return new Create(room, settings, r.ReadBool() ? PlacementDecision.Read(ref r) : null, term);
            });
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Settings.Describe(sink);
            sink.Number("placement_term", PlacementTerm);
            sink.Flag("has_placement", Placement is not null);
            Placement?.Describe(sink);
        }
    }

    /// <summary>Makes a room under any name, or changes the open one.</summary>
    /// <param name="Change">Of a new room: what differs from the defaults.</param>
    /// <param name="ChangesExisting">False to leave an open room as it is.</param>
    /// <param name="Placement">As for <see cref="Create"/>; not used when the room is open.</param>
    public sealed record Open(RoomId Room, string Name, RoomPatch Change, bool ChangesExisting, PlacementDecision? Placement = null,
        ulong PlacementTerm = 0) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.OpenRoom,
            static (ref CanonicalReader r) =>
            {
                var (room, name, change, changes, term) = (r.ReadRoom(), r.ReadString(), RoomPatch.Read(ref r), r.ReadBool(),
                    r.ReadUInt64());
                return new Open(room, name, change, changes, r.ReadBool() ? PlacementDecision.Read(ref r) : null, term);
            });
        public override CommandType Type => Shape.Type;

        /// <summary>Of a new room.</summary>
        public RoomSettings Settings => Change.ApplyTo(RoomSettings.Default);

        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Text("name", Name);
            Change.Describe(sink);
            sink.Flag("changes_existing", ChangesExisting);
            sink.Number("placement_term", PlacementTerm);
            sink.Flag("has_placement", Placement is not null);
            Placement?.Describe(sink);
        }
    }

    /// <summary>Changes an open room.</summary>
    public sealed record Update(RoomId Room, RoomPatch Change) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.UpdateRoom,
            static (ref CanonicalReader r) => new Update(r.ReadRoom(), RoomPatch.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            Change.Describe(sink);
        }
    }

    /// <summary>Gives an unplaced room to a node. From the leader's loop.</summary>
    /// <param name="ExpectedEpoch">Epoch of the last ownership; none when it never had an owner.</param>
    public sealed record Assign(RoomId Room, Epoch ExpectedEpoch, PlacementDecision Placement) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.AssignRoom,
            static (ref CanonicalReader r) => new Assign(r.ReadRoom(), r.ReadEpoch(), PlacementDecision.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch("expected_epoch", ExpectedEpoch);
            Placement.Describe(sink);
        }
    }

    /// <summary>First of the two commits of a hand-over. From the leader's loop.</summary>
    /// <param name="Target">Where it shall go; none to let placement choose.</param>
    public sealed record Revoke(RoomId Room, Epoch ExpectedEpoch, RevokeReason Reason, NodeId Target) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.RevokeRoom,
            static (ref CanonicalReader r) => new Revoke(r.ReadRoom(), r.ReadEpoch(), (RevokeReason)r.ReadByte(), r.ReadNode()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch("expected_epoch", ExpectedEpoch);
            sink.Choice("reason", Reason);
            sink.Node("target", Target);
        }
    }

    /// <summary>The owner has given the room up. From the owner's agent.</summary>
    public sealed record Release(RoomId Room, Epoch Epoch, NodeId Node, ulong Incarnation) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.ReleaseRoom,
            static (ref CanonicalReader r) => new Release(r.ReadRoom(), r.ReadEpoch(), r.ReadNode(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
            sink.Node(Node);
            sink.Number("incarnation", Incarnation);
        }
    }

    /// <summary>
    /// The owner's lease as acknowledged before the revoke, plus margin, has ended. From the leader's loop; only after a committed revoke.
    /// </summary>
    public sealed record ExpireOwnership(RoomId Room, Epoch Epoch) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.ExpireOwnership,
            static (ref CanonicalReader r) => new ExpireOwnership(r.ReadRoom(), r.ReadEpoch()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch(Epoch);
        }
    }

    /// <param name="ExpectedEpoch">When not none: close only if this is still the epoch.</param>
    public sealed record Close(RoomId Room, Epoch ExpectedEpoch) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.CloseRoom,
            static (ref CanonicalReader r) => new Close(r.ReadRoom(), r.ReadEpoch()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch("expected_epoch", ExpectedEpoch);
        }
    }

    /// <summary>Closes a room that has been empty for its timeout. From the leader's loop; refused when it is not so at log time.</summary>
    public sealed record CloseEmpty(RoomId Room) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.CloseEmptyRoom,
            static (ref CanonicalReader r) => new CloseEmpty(r.ReadRoom()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Room(Room);
    }

    /// <param name="Target">The node to move to; none to let placement choose.</param>
    /// <param name="ExpectedEpoch">When not none: move only if this is still the epoch.</param>
    public sealed record Move(RoomId Room, NodeId Target, Epoch ExpectedEpoch) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.MoveRoom,
            static (ref CanonicalReader r) => new Move(r.ReadRoom(), r.ReadNode(), r.ReadEpoch()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Node("target", Target);
            sink.Epoch("expected_epoch", ExpectedEpoch);
        }
    }

    /// <summary>
    /// No node can take the room now, and why. From the leader's loop; recorded once until the room is placed or asks anew.
    /// </summary>
    public sealed record RecordPlacementFailure(RoomId Room, Epoch ExpectedEpoch, PlacementDecision Placement) : RoomCommand(Room)
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordPlacementFailure,
            static (ref CanonicalReader r) => new RecordPlacementFailure(r.ReadRoom(), r.ReadEpoch(), PlacementDecision.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Epoch("expected_epoch", ExpectedEpoch);
            Placement.Describe(sink);
        }
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class RoomCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        RoomCommand.Create.Shape, RoomCommand.Open.Shape, RoomCommand.Update.Shape, RoomCommand.Assign.Shape, RoomCommand.Revoke.Shape,
        RoomCommand.Release.Shape, RoomCommand.ExpireOwnership.Shape, RoomCommand.Close.Shape, RoomCommand.CloseEmpty.Shape,
        RoomCommand.Move.Shape, RoomCommand.RecordPlacementFailure.Shape,
    ];
}
