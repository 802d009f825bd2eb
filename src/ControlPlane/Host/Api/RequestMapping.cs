using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;
using VideoScale.V1;
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
        FieldRules.AtMost("expected_participants", request.ExpectedParticipants, RoomSettings.MaxSeats);
        FieldRules.OptionalName("region", request.Region);
        FieldRules.AtMost("max_participants", request.MaxParticipants, RoomSettings.MaxSeats);
        FieldRules.AtMost("max_publishers", request.MaxPublishers, RoomSettings.MaxSeats);
        FieldRules.AtMost("empty_timeout_seconds", request.EmptyTimeoutSeconds, MaxEmptyTimeoutSeconds);
        FieldRules.Metadata(request.Metadata.Length);
        var emptyTimeoutMs = request.KeepWhenEmpty ? 0UL
            : request.EmptyTimeoutSeconds == 0 ? RoomSettings.DefaultEmptyTimeoutMs : request.EmptyTimeoutSeconds * 1000UL;
        return new(new RoomId(request.RoomId.Length > 0 ? request.RoomId : GeneratedRoomName.For(request.RequestId)),
            new RoomSettings(request.ExpectedParticipants, request.Region, request.MaxParticipants, request.MaxPublishers, emptyTimeoutMs, request.Metadata.Memory));
    }

    internal static RoomCommand.Close ToCommand(this CloseRoomRequest request)
    {
        FieldRules.Name("room_id", request.RoomId);
        return new(new RoomId(request.RoomId), new Epoch(request.ExpectedEpoch));
    }

    internal static RoomCommand.Move ToCommand(this MoveRoomRequest request)
    {
        FieldRules.Name("room_id", request.RoomId);
        FieldRules.OptionalName("target_node_id", request.TargetNodeId);
        return new(new RoomId(request.RoomId), new NodeId(request.TargetNodeId), new Epoch(request.ExpectedEpoch));
    }

    internal static ParticipantCommand.Admit ToCommand(this AdmitParticipantRequest request)
    {
        FieldRules.Name("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        return new(new RoomId(request.RoomId), new ParticipantIdentity(request.Identity), Role(request.Role));
    }

    internal static ParticipantCommand.Remove ToCommand(this RemoveParticipantRequest request)
    {
        FieldRules.Name("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        FieldRules.Reason(request.Reason);
        return new(new RoomId(request.RoomId), new ParticipantIdentity(request.Identity), request.Reason);
    }

    internal static ParticipantCommand.SetRole ToCommand(this SetParticipantRoleRequest request)
    {
        FieldRules.Name("room_id", request.RoomId);
        FieldRules.Name("identity", request.Identity);
        return new(new RoomId(request.RoomId), new ParticipantIdentity(request.Identity), Role(request.Role));
    }

    internal static NodeCommand.Cordon ToCommand(this CordonNodeRequest request) => new(Node(request.NodeId));
    internal static NodeCommand.Uncordon ToCommand(this UncordonNodeRequest request) => new(Node(request.NodeId));
    internal static NodeCommand.Deregister ToCommand(this DeregisterNodeRequest request) => new(Node(request.NodeId));
    internal static DrainCommand.Cancel ToCommand(this CancelDrainRequest request) => new(Node(request.NodeId));

    internal static DrainCommand.Begin ToCommand(this DrainNodeRequest request)
    {
        FieldRules.AtMost("within_seconds", request.WithinSeconds, MaxWithinSeconds);
        return new(Node(request.NodeId), request.WithinSeconds * 1000UL);
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
        _ => throw FieldRules.Broken("role", ((int)role).ToString(System.Globalization.CultureInfo.InvariantCulture), "PARTICIPANT_ROLE_PUBLISHER or PARTICIPANT_ROLE_SUBSCRIBER"),
    };
}
