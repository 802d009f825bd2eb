using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Commands;

/// <summary>Canonical bytes of commands: the type's number, then its fields in order.</summary>
public static class CommandCodec
{
    public static void Write(DomainCommand command, CanonicalWriter writer)
    {
        writer.WriteUInt32((uint)command.Type);
        command.Describe(new CanonicalFieldSink(writer));
    }

    /// <exception cref="UnknownCommandException">Written by a newer program: the replica stops before applying it.</exception>
    public static DomainCommand Read(ref CanonicalReader reader)
    {
        var number = reader.ReadUInt32();
        var type = (CommandType)(number <= ushort.MaxValue ? number : 0);
        return (number / 20) switch
        {
            0 => ReadRoom(type, ref reader),
            1 => ReadParticipant(type, ref reader),
            2 or 3 => ReadNode(type, ref reader),
            4 => ReadCluster(type, ref reader),
            _ => throw new UnknownCommandException(number),
        };
    }

    private static RoomCommand ReadRoom(CommandType type, ref CanonicalReader r) => type switch
    {
        CommandType.CreateRoom => ReadCreate(ref r),
        CommandType.AssignRoom => new RoomCommand.Assign(Room(ref r), Epoch(ref r), PlacementDecision.Read(ref r)),
        CommandType.RevokeRoom => new RoomCommand.Revoke(Room(ref r), Epoch(ref r), (RevokeReason)r.ReadByte(), Node(ref r)),
        CommandType.ReleaseRoom => new RoomCommand.Release(Room(ref r), Epoch(ref r), Node(ref r), r.ReadUInt64()),
        CommandType.ExpireOwnership => new RoomCommand.ExpireOwnership(Room(ref r), Epoch(ref r)),
        CommandType.CloseRoom => new RoomCommand.Close(Room(ref r), Epoch(ref r)),
        CommandType.CloseEmptyRoom => new RoomCommand.CloseEmpty(Room(ref r)),
        CommandType.MoveRoom => new RoomCommand.Move(Room(ref r), Node(ref r), Epoch(ref r)),
        CommandType.OpenRoom => ReadOpen(ref r),
        CommandType.UpdateRoom => new RoomCommand.Update(Room(ref r), RoomPatch.Read(ref r)),
        CommandType.RecordPlacementFailure =>
            new RoomCommand.RecordPlacementFailure(Room(ref r), Epoch(ref r), PlacementDecision.Read(ref r)),
        _ => throw new UnknownCommandException((uint)type),
    };

    private static RoomCommand.Create ReadCreate(ref CanonicalReader r)
    {
        var (room, settings, term) = (Room(ref r), RoomSettings.Read(ref r), r.ReadUInt64());
        return new(room, settings, r.ReadBool() ? PlacementDecision.Read(ref r) : null, term);
    }

    private static RoomCommand.Open ReadOpen(ref CanonicalReader r)
    {
        var (room, name, change, changes, term) = (Room(ref r), r.ReadString(), RoomPatch.Read(ref r), r.ReadBool(), r.ReadUInt64());
        return new(room, name, change, changes, r.ReadBool() ? PlacementDecision.Read(ref r) : null, term);
    }

    private static ParticipantCommand ReadParticipant(CommandType type, ref CanonicalReader r) => type switch
    {
        CommandType.Admit => new ParticipantCommand.Admit(Room(ref r), Identity(ref r), (ParticipantRole)r.ReadByte()),
        CommandType.ReportPresence => ReadPresence(ref r),
        CommandType.RemoveParticipant => new ParticipantCommand.Remove(Room(ref r), Identity(ref r), r.ReadString()),
        CommandType.SetRole => new ParticipantCommand.SetRole(Room(ref r), Identity(ref r), (ParticipantRole)r.ReadByte()),
        CommandType.ExpireSeat => new ParticipantCommand.ExpireSeat(Room(ref r), Identity(ref r), r.ReadUInt64()),
        _ => throw new UnknownCommandException((uint)type),
    };

    private static ParticipantCommand.ReportPresence ReadPresence(ref CanonicalReader r)
    {
        var (node, incarnation) = (Node(ref r), r.ReadUInt64());
        var reports = new PresenceReport[r.ReadCount()];
        for (var i = 0; i < reports.Length; i++) reports[i] = new(Room(ref r), Epoch(ref r), Identity(ref r), r.ReadUInt64(), r.ReadBool());
        return new(node, incarnation, [.. reports]);
    }

    private static DomainCommand ReadNode(CommandType type, ref CanonicalReader r) => type switch
    {
        CommandType.RegisterNode => new NodeCommand.Register(NodeDescription.Read(ref r)),
        CommandType.SuspectNode => new NodeCommand.Suspect(Node(ref r), r.ReadUInt64()),
        CommandType.RecoverNode => new NodeCommand.Recover(Node(ref r), r.ReadUInt64()),
        CommandType.DeclareNodeLost => new NodeCommand.DeclareLost(Node(ref r), r.ReadUInt64(), (LossReason)r.ReadByte()),
        CommandType.CordonNode => new NodeCommand.Cordon(Node(ref r)),
        CommandType.UncordonNode => new NodeCommand.Uncordon(Node(ref r)),
        CommandType.LeaveNode => new NodeCommand.Leave(Node(ref r), r.ReadUInt64()),
        CommandType.DeregisterNode => new NodeCommand.Deregister(Node(ref r)),
        CommandType.BeginDrain => new DrainCommand.Begin(Node(ref r), r.ReadUInt64()),
        CommandType.RecordDrainBlocked => new DrainCommand.RecordBlocked(Node(ref r), r.ReadUInt32(), Room(ref r), r.ReadString()),
        CommandType.SetDrainDeadline => new DrainCommand.SetDeadline(Node(ref r), r.ReadUInt64()),
        CommandType.CancelDrain => new DrainCommand.Cancel(Node(ref r)),
        CommandType.TimeOutDrain => new DrainCommand.TimeOut(Node(ref r)),
        CommandType.CompleteDrain => new DrainCommand.Complete(Node(ref r)),
        _ => throw new UnknownCommandException((uint)type),
    };

    private static ClusterCommand ReadCluster(CommandType type, ref CanonicalReader r) => type switch
    {
        CommandType.RecordLeadership => new ClusterCommand.RecordLeadership(r.ReadUInt64()),
        CommandType.MarkCheckpoint => new ClusterCommand.MarkCheckpoint(),
        CommandType.CommitCheckpoint => new ClusterCommand.CommitCheckpoint(Checkpoint.Read(ref r)),
        CommandType.SetLease => new ClusterCommand.SetLease(LeaseSettings.Read(ref r)),
        CommandType.RaiseRulesVersion => new ClusterCommand.RaiseRulesVersion(r.ReadUInt32()),
        CommandType.RaiseRecoveryGeneration => new ClusterCommand.RaiseRecoveryGeneration(checked((ushort)r.ReadUInt32())),
        CommandType.RecordDivergence => new ClusterCommand.RecordDivergence(r.ReadUInt64(), r.ReadUInt64()),
        CommandType.RecordRejection =>
            new ClusterCommand.RecordRejection(r.ReadString(), r.ReadString(), (FailureCode)r.ReadByte(), r.ReadString()),
        CommandType.RequestMemberChange =>
            new ClusterCommand.RequestMemberChange((MemberChangeKind)r.ReadByte(), r.ReadString(), r.ReadString()),
        _ => throw new UnknownCommandException((uint)type),
    };

    private static RoomId Room(ref CanonicalReader r) => new(r.ReadString());
    private static NodeId Node(ref CanonicalReader r) => new(r.ReadString());
    private static ParticipantIdentity Identity(ref CanonicalReader r) => new(r.ReadString());
    private static Epoch Epoch(ref CanonicalReader r) => new(r.ReadUInt64());
}

/// <summary>The log holds a command this program does not know: it stops before applying it, and a newer program goes on.</summary>
public sealed class UnknownCommandException : Exception
{
    public UnknownCommandException() { }
    public UnknownCommandException(string message) : base(message) { }
    public UnknownCommandException(string message, Exception innerException) : base(message, innerException) { }
    public UnknownCommandException(uint number)
        : base($"command number {number} is unknown to this program: the log was written by a newer one; start that one here") { }
}
