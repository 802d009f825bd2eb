using System.Collections.Immutable;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

public abstract record ParticipantCommand : DomainCommand
{
    /// <summary>Reserves a seat. A repeat by the same identity returns the same seat.</summary>
    public sealed record Admit(RoomId Room, ParticipantIdentity Identity, ParticipantRole Role) : ParticipantCommand
    {
        public override CommandType Type => CommandType.Admit;
        public override string Subject => "room-" + Room.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Choice("role", Role);
        }
    }

    /// <summary>What the owner of rooms saw: joins and leaves, each under an epoch; stale ones are refused one by one.</summary>
    public sealed record ReportPresence(NodeId Node, ulong Incarnation, ImmutableArray<PresenceReport> Reports) : ParticipantCommand
    {
        public override CommandType Type => CommandType.ReportPresence;
        public override string Subject => "node-" + Node.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("incarnation", Incarnation);
            sink.BeginList("reports", Reports.Length);
            foreach (var report in Reports)
            {
                sink.BeginItem();
                sink.Room(report.Room);
                sink.Epoch(report.Epoch);
                sink.Identity(report.Identity);
                sink.Number("seat_id", report.SeatId);
                sink.Flag("joined", report.Joined);
                sink.EndItem();
            }
            sink.EndList();
        }
    }

    public sealed record Remove(RoomId Room, ParticipantIdentity Identity, string Reason) : ParticipantCommand
    {
        public override CommandType Type => CommandType.RemoveParticipant;
        public override string Subject => "room-" + Room.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Text("reason", Reason);
        }
    }

    public sealed record SetRole(RoomId Room, ParticipantIdentity Identity, ParticipantRole Role) : ParticipantCommand
    {
        public override CommandType Type => CommandType.SetRole;
        public override string Subject => "room-" + Room.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Choice("role", Role);
        }
    }

    /// <summary>Frees a seat that nobody took for 30 s of log time under the current owner. From the leader's loop.</summary>
    public sealed record ExpireSeat(RoomId Room, ParticipantIdentity Identity, ulong SeatId) : ParticipantCommand
    {
        public override CommandType Type => CommandType.ExpireSeat;
        public override string Subject => "room-" + Room.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Number("seat_id", SeatId);
        }
    }
}
