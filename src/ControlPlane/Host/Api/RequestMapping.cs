using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;
using ParticipantRole = VideoScale.ControlPlane.Participants.ParticipantRole;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Checks requests and turns them into commands.</summary>
internal static class RequestMapping
{
    private const uint MaxEmptyTimeoutSeconds = (uint)(RoomSettings.MaxEmptyTimeoutMs / 1000);
    private const uint MaxWithinSeconds = (uint)(DrainCommand.MaxWithinMs / 1000);

    internal static RoomCommand.Create ToCommand(this CreateRoomRequest request)
    {
        FieldRules.OptionalName("room_id", request.RoomId);
        if (DerivedName.HasForm(request.RoomId))
            throw FieldRules.Broken("room_id", request.RoomId, "not of the form that is kept for the ids of other names");
        FieldRules.AtMost("expected_participants", request.ExpectedParticipants, RoomSettings.MaxSeats);
        FieldRules.OptionalName("region", request.Region);
        FieldRules.AtMost("max_participants", request.MaxParticipants, RoomSettings.MaxSeats);
        FieldRules.AtMost("max_publishers", request.MaxPublishers, RoomSettings.MaxSeats);
        FieldRules.AtMost("empty_timeout_seconds", request.EmptyTimeoutSeconds, MaxEmptyTimeoutSeconds);
        FieldRules.Metadata(request.Metadata.Length);
        var emptyTimeoutMs = request.KeepWhenEmpty ? 0UL
            : request.EmptyTimeoutSeconds == 0 ? RoomSettings.DefaultEmptyTimeoutMs : request.EmptyTimeoutSeconds * 1000UL;
        return new(new RoomId(request.RoomId.Length > 0 ? request.RoomId : GeneratedRoomName.For(request.RequestId)),
            new RoomSettings(request.ExpectedParticipants, request.Region, request.MaxParticipants, request.MaxPublishers, emptyTimeoutMs,
                request.Metadata.Memory));
    }

    internal static RoomCommand.Open ToCommand(this OpenRoomRequest request)
    {
        if (RoomName.Check("name", request.Name) is { } failure) throw failure.ToRpcException();
        return new(RoomName.IdOf(request.Name), request.Name, request.Patch.ToCore(), request.ChangesExisting);
    }

    /// <returns>Null when the room is not to be made.</returns>
    internal static RoomCommand.Open? ToOpening(this AdmitParticipantRequest request)
    {
        if (request.OpenRoom is not { } wished) return null;
        if (RoomName.Check("open_room.name", wished.Name) is { } failure) throw failure.ToRpcException();
        var room = RoomName.IdOf(wished.Name);
        if (RoomName.Find(request.RoomId) != room) throw FieldRules.Broken("room_id", request.RoomId, "the room that open_room.name means");
        var patch = wished.Patch.ToCore("open_room.patch.metadata");
        if (patch.Check() is { } wrong) throw wrong.ToRpcException(); // before the log, which would refuse the room and grant the seat
        return new(room, wished.Name, patch, ChangesExisting: false);
    }

    internal static RoomCommand.Update ToCommand(this UpdateRoomRequest request) =>
        new(FieldRules.Room("room_id", request.RoomId), request.Patch.ToCore());

    private static ControlPlane.Rooms.RoomPatch ToCore(this V1.RoomPatch? patch, string metadataField = "patch.metadata")
    {
        if (patch is null) return ControlPlane.Rooms.RoomPatch.Nothing;
        FieldRules.Metadata(patch.Metadata.Length, RoomDetails.MaxMetadataBytes, metadataField);
        return new(patch.HasEmptyTimeoutSeconds ? patch.EmptyTimeoutSeconds * 1000UL : null, patch.HasDepartureTimeoutSeconds
            ? patch.DepartureTimeoutSeconds * 1000UL : null,
            patch.HasMaxParticipants ? patch.MaxParticipants : null, patch.HasMetadata ? (ReadOnlyMemory<byte>?)patch.Metadata.Memory
                : null);
    }

    internal static RoomCommand.Close ToCommand(this CloseRoomRequest request)
    {
        return new(FieldRules.Room("room_id", request.RoomId), new Epoch(request.ExpectedEpoch));
    }

    internal static RoomCommand.Move ToCommand(this MoveRoomRequest request)
    {
        var room = FieldRules.Room("room_id", request.RoomId);
        FieldRules.OptionalName("target_node_id", request.TargetNodeId);
        return new(room, new NodeId(request.TargetNodeId), new Epoch(request.ExpectedEpoch));
    }

    internal static ParticipantCommand.Admit ToCommand(this AdmitParticipantRequest request)
    {
        var room = FieldRules.Room("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        return new(room, new ParticipantIdentity(request.Identity), Role(request.Role));
    }

    internal static ParticipantCommand.Remove ToCommand(this RemoveParticipantRequest request)
    {
        var room = FieldRules.Room("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        FieldRules.Reason(request.Reason);
        return new(room, new ParticipantIdentity(request.Identity), request.Reason);
    }

    internal static ParticipantCommand.SetRole ToCommand(this SetParticipantRoleRequest request)
    {
        var room = FieldRules.Room("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        return new(room, new ParticipantIdentity(request.Identity), Role(request.Role));
    }

    internal static NodeCommand.Cordon ToCommand(this CordonNodeRequest request) => new(Node(request.NodeId));
    internal static NodeCommand.Uncordon ToCommand(this UncordonNodeRequest request) => new(Node(request.NodeId));
    internal static NodeCommand.Deregister ToCommand(this DeregisterNodeRequest request) => new(Node(request.NodeId));
    internal static DrainCommand.Cancel ToCommand(this CancelDrainRequest request) => new(Node(request.NodeId));

    /// <param name="isDraining">A drain of the node runs: it gets another deadline.</param>
    internal static DrainCommand ToCommand(this DrainNodeRequest request, bool isDraining)
    {
        FieldRules.AtMost("within_seconds", request.WithinSeconds, MaxWithinSeconds);
        return isDraining ? new DrainCommand.SetDeadline(Node(request.NodeId), request.WithinSeconds * 1000UL)
            : new DrainCommand.Begin(Node(request.NodeId), request.WithinSeconds * 1000UL);
    }

    private static NodeId Node(string name)
    {
        FieldRules.Name("node_id", name);
        return new(name);
    }

    private static ParticipantRole Role(V1.ParticipantRole role) => role switch
    {
        V1.ParticipantRole.Unspecified or V1.ParticipantRole.Publisher => ParticipantRole.Publisher,
        V1.ParticipantRole.Subscriber => ParticipantRole.Subscriber,
        _ => throw FieldRules.Broken("role", ((int)role).ToString(System.Globalization.CultureInfo.InvariantCulture),
            "PARTICIPANT_ROLE_PUBLISHER or PARTICIPANT_ROLE_SUBSCRIBER"),
    };
}
