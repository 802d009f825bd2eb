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

namespace VideoScale.ControlPlane.Events;

/// <summary>Canonical bytes of event payloads: fields in order, no type in front (the envelope carries type and schema version).</summary>
public static class EventCodec
{
    public static void Write(DomainEvent happened, CanonicalWriter writer) => happened.Describe(new CanonicalFieldSink(writer));

    /// <summary>For callers that write many: keeps the sink.</summary>
    public static void Write(DomainEvent happened, CanonicalFieldSink sink) => happened.Describe(sink);

    /// <summary>Number to type; an unknown one means that the log was written by a newer version.</summary>
    public static DomainEvent Read(EventType type, uint schemaVersion, ReadOnlySpan<byte> payload)
    {
        if (schemaVersion != 1) throw new CanonicalException($"event type {type} has schema version {schemaVersion}; this program knows 1");
        var reader = new CanonicalReader(payload);
        DomainEvent happened = ((int)type / 20) switch
        {
            0 => ReadRoom(type, ref reader),
            1 => ReadParticipant(type, ref reader),
            2 when type is EventType.DrainBlocked or EventType.DrainDeadlineChanged => ReadDrain(type, ref reader),
            2 => ReadNode(type, ref reader),
            3 => ReadDrain(type, ref reader),
            _ => ReadCluster(type, ref reader),
        };
        reader.End();
        return happened;
    }

    private static CanonicalException Unknown(EventType type) =>
        new($"event type {(int)type} is unknown to this program: the log was written by a newer one");

    private static RoomEvent ReadRoom(EventType type, ref CanonicalReader r) => type switch
    {
        EventType.RoomCreated => new RoomEvent.Created(Room(ref r), RoomSettings.Read(ref r)),
        EventType.PlacementDecided => new RoomEvent.PlacementDecided(Room(ref r), PlacementDecision.Read(ref r)),
        EventType.RoomPlaced =>
            new RoomEvent.Placed(Room(ref r), Epoch(ref r), Node(ref r), r.ReadUInt64(), Reservation.Read(ref r), Node(ref r)),
        EventType.RoomRevoked => new RoomEvent.Revoked(Room(ref r), Epoch(ref r), Node(ref r), (RevokeReason)r.ReadByte(), Node(ref r)),
        EventType.RoomReleased => new RoomEvent.Released(Room(ref r), Epoch(ref r), Node(ref r), (ReleaseKind)r.ReadByte()),
        EventType.RoomMoveRequested => new RoomEvent.MoveRequested(Room(ref r), Epoch(ref r), Node(ref r)),
        EventType.RoomClosing => new RoomEvent.Closing(Room(ref r), Epoch(ref r), (CloseReason)r.ReadByte()),
        EventType.RoomClosed => new RoomEvent.Closed(Room(ref r), (CloseReason)r.ReadByte()),
        EventType.RoomUpdated =>
            new RoomEvent.Updated(Room(ref r), (RoomParts)r.ReadByte(), RoomSettings.Read(ref r), r.ReadString(), r.ReadUInt64()),
        EventType.PlacementFailed => new RoomEvent.PlacementFailed(Room(ref r), PlacementDecision.Read(ref r)),
        _ => throw Unknown(type),
    };

    private static ParticipantEvent ReadParticipant(EventType type, ref CanonicalReader r) => type switch
    {
        EventType.ParticipantAdmitted => new ParticipantEvent.Admitted(Room(ref r), Identity(ref r), (ParticipantRole)r.ReadByte()),
        EventType.ParticipantJoined => new ParticipantEvent.Joined(Room(ref r), Identity(ref r), Epoch(ref r), r.ReadUInt64()),
        EventType.ParticipantLeft => new ParticipantEvent.Left(Room(ref r), Identity(ref r), Epoch(ref r), r.ReadUInt64()),
        EventType.ParticipantRemoved => new ParticipantEvent.Removed(Room(ref r), Identity(ref r), r.ReadUInt64(), r.ReadString()),
        EventType.ParticipantRoleChanged =>
            new ParticipantEvent.RoleChanged(Room(ref r), Identity(ref r), r.ReadUInt64(), (ParticipantRole)r.ReadByte()),
        EventType.SeatExpired => new ParticipantEvent.SeatExpired(Room(ref r), Identity(ref r), r.ReadUInt64()),
        EventType.AdmissionDenied => new ParticipantEvent.AdmissionDenied(Room(ref r), Identity(ref r), (ParticipantRole)r.ReadByte(),
            (AdmissionCap)r.ReadByte(), r.ReadUInt64(), r.ReadUInt64(), r.ReadUInt64(), Node(ref r)),
        _ => throw Unknown(type),
    };

    private static NodeEvent ReadNode(EventType type, ref CanonicalReader r) => type switch
    {
        EventType.MediaNodeRegistered => new NodeEvent.Registered(NodeDescription.Read(ref r)),
        EventType.MediaNodeSuspected => new NodeEvent.Suspected(Node(ref r), r.ReadUInt64()),
        EventType.MediaNodeRecovered => new NodeEvent.Recovered(Node(ref r), r.ReadUInt64()),
        EventType.MediaNodeLost => new NodeEvent.Lost(Node(ref r), r.ReadUInt64(), (LossReason)r.ReadByte(), r.ReadUInt32()),
        EventType.MediaNodeCordoned => new NodeEvent.Cordoned(Node(ref r)),
        EventType.MediaNodeUncordoned => new NodeEvent.Uncordoned(Node(ref r)),
        EventType.MediaNodeLeft => new NodeEvent.Left(Node(ref r), r.ReadUInt64()),
        EventType.MediaNodeDeregistered => new NodeEvent.Deregistered(Node(ref r), r.ReadUInt64()),
        _ => throw Unknown(type),
    };

    private static DrainEvent ReadDrain(EventType type, ref CanonicalReader r) => type switch
    {
        EventType.DrainStarted => new DrainEvent.Started(Node(ref r), r.ReadInt64(), r.ReadUInt32()),
        EventType.DrainRoomMoved => new DrainEvent.RoomMoved(Node(ref r), Room(ref r), Node(ref r), Epoch(ref r)),
        EventType.DrainTimedOut => new DrainEvent.TimedOut(Node(ref r), r.ReadUInt32()),
        EventType.DrainDeadlineChanged => new DrainEvent.DeadlineChanged(Node(ref r), r.ReadInt64(), r.ReadUInt32()),
        EventType.DrainBlocked => new DrainEvent.Blocked(Node(ref r), r.ReadUInt32(), Room(ref r), r.ReadString()),
        EventType.DrainCompleted => new DrainEvent.Completed(Node(ref r)),
        EventType.DrainCancelled => new DrainEvent.Cancelled(Node(ref r)),
        _ => throw Unknown(type),
    };

    private static ClusterEvent ReadCluster(EventType type, ref CanonicalReader r) => type switch
    {
        EventType.LeadershipRecorded => new ClusterEvent.LeadershipRecorded(r.ReadUInt64(), r.ReadUInt64()),
        EventType.CheckpointCommitted => new ClusterEvent.CheckpointCommitted(Checkpoint.Read(ref r)),
        EventType.LeaseSettingsChanged => new ClusterEvent.LeaseSettingsChanged(LeaseSettings.Read(ref r)),
        EventType.RulesVersionRaised => new ClusterEvent.RulesVersionRaised(r.ReadUInt32()),
        EventType.RecoveryGenerationRaised => new ClusterEvent.RecoveryGenerationRaised(checked((ushort)r.ReadUInt32())),
        EventType.ReplicaDiverged => new ClusterEvent.ReplicaDiverged(r.ReadUInt64(), r.ReadUInt64()),
        EventType.MemberChangeRequested =>
            new ClusterEvent.MemberChangeRequested((MemberChangeKind)r.ReadByte(), r.ReadString(), r.ReadString()),
        EventType.CommandRejected =>
            new ClusterEvent.CommandRejected(r.ReadString(), r.ReadString(), (FailureCode)r.ReadByte(), r.ReadString()),
        _ => throw Unknown(type),
    };

    private static RoomId Room(ref CanonicalReader r) => new(r.ReadString());
    private static NodeId Node(ref CanonicalReader r) => new(r.ReadString());
    private static ParticipantIdentity Identity(ref CanonicalReader r) => new(r.ReadString());
    private static Epoch Epoch(ref CanonicalReader r) => new(r.ReadUInt64());
}
