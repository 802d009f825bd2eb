using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

public abstract record ParticipantCommand : DomainCommand
{
    /// <summary>Reserves a seat. A repeat by the same identity returns the same seat.</summary>
    public sealed record Admit(RoomId Room, ParticipantIdentity Identity, ParticipantRole Role) : ParticipantCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.Admit,
            static (ref CanonicalReader r) => new Admit(r.ReadRoom(), r.ReadIdentity(), (ParticipantRole)r.ReadByte()));
        public override CommandType Type => Shape.Type;
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
        internal static readonly CommandShape Shape = new(CommandType.ReportPresence,
            static (ref CanonicalReader r) =>
            {
                var (node, incarnation) = (r.ReadNode(), r.ReadUInt64());
                var reports = new PresenceReport[r.ReadCount()];
                for (var i = 0; i < reports.Length; i++)
                    reports[i] = new(r.ReadRoom(), r.ReadEpoch(), r.ReadIdentity(), r.ReadUInt64(), r.ReadBool());
                return new ReportPresence(node, incarnation, [.. reports]);
            });
        public override CommandType Type => Shape.Type;
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

    /// <summary>How sessions show themselves and what they publish, for those who are told of it; under an epoch, as presence is.</summary>
    public sealed record ReportSessions(NodeId Node, ulong Incarnation, ImmutableArray<SessionReport> Reports) : ParticipantCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.ReportSessions,
            static (ref CanonicalReader r) =>
            {
                var (node, incarnation) = (r.ReadNode(), r.ReadUInt64());
                var reports = new SessionReport[r.ReadCount()];
                for (var i = 0; i < reports.Length; i++)
                    reports[i] = new(r.ReadRoom(), r.ReadEpoch(), r.ReadIdentity(), r.ReadUInt64(), (SessionReportKind)r.ReadByte(),
                        r.ReadString(), r.ReadBytes().ToArray());
                return new ReportSessions(node, incarnation, [.. reports]);
            });
        public override CommandType Type => Shape.Type;
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
                sink.Choice("kind", report.Kind);
                sink.Text("sid", report.Sid);
                sink.Bytes("info", report.Info.Span);
                sink.EndItem();
            }
            sink.EndList();
        }
    }

    public sealed record Remove(RoomId Room, ParticipantIdentity Identity, string Reason) : ParticipantCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RemoveParticipant,
            static (ref CanonicalReader r) => new Remove(r.ReadRoom(), r.ReadIdentity(), r.ReadString()));
        public override CommandType Type => Shape.Type;
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
        internal static readonly CommandShape Shape = new(CommandType.SetRole,
            static (ref CanonicalReader r) => new SetRole(r.ReadRoom(), r.ReadIdentity(), (ParticipantRole)r.ReadByte()));
        public override CommandType Type => Shape.Type;
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
        internal static readonly CommandShape Shape = new(CommandType.ExpireSeat,
            static (ref CanonicalReader r) => new ExpireSeat(r.ReadRoom(), r.ReadIdentity(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override string Subject => "room-" + Room.Value;
        public override void Describe(FieldSink sink)
        {
            sink.Room(Room);
            sink.Identity(Identity);
            sink.Number("seat_id", SeatId);
        }
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class ParticipantCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        ParticipantCommand.Admit.Shape, ParticipantCommand.ReportPresence.Shape, ParticipantCommand.Remove.Shape,
        ParticipantCommand.SetRole.Shape, ParticipantCommand.ExpireSeat.Shape, ParticipantCommand.ReportSessions.Shape,
    ];
}
