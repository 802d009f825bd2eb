using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using VideoScale.ControlPlane.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;
using CreateRoomRequest = LiveKit.Proto.CreateRoomRequest;
using ListParticipantsRequest = LiveKit.Proto.ListParticipantsRequest;
using ListRoomsRequest = LiveKit.Proto.ListRoomsRequest;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>LiveKit's RoomService over Twirp (JSON or protobuf), for livekit-server-sdk and those like it.</summary>
/// <param name="allowUnmute">Whether an admin may open somebody's microphone or camera from outside.</param>
internal sealed class RoomServer(TokenVerifier tokens, RoomDoor door, bool allowUnmute)
{
    internal async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var method = path.StartsWith(Twirp.RoomService, StringComparison.Ordinal) ? path[Twirp.RoomService.Length..] : "";
        try
        {
            var call = CallOf(method);
            if (Twirp.CheckRoute(context.Request, isKnown: call is not null) is { } astray) throw astray;
            var (grants, problem) = await tokens.VerifyAsync(GatewayEndpoints.TokenOf(context));
            if (grants is null) throw TwirpException.Of(StatusCode.Unauthenticated, problem);
            var body = await Twirp.ReadAsync(context);
            await Twirp.AnswerAsync(context, await call!(grants, body, context.RequestAborted), body.IsJson);
        }
        catch (TwirpException e) { await Twirp.RefuseAsync(context, e); }
        catch (RpcException e) { await Twirp.RefuseAsync(context, TwirpException.Of(e.StatusCode, e.Status.Detail)); }
    }

    private delegate Task<IMessage> Call(ParticipantGrants grants, Twirp.Body body, CancellationToken cancellationToken);

    /// <returns>Null when the service has no such method.</returns>
    private Call? CallOf(string method) => method switch
    {
        "CreateRoom" => (grants, body, cancellation) => CreateAsync(grants, body.As<CreateRoomRequest>(), cancellation),
        "ListRooms" => (grants, body, cancellation) => ListRoomsAsync(grants, body.As<ListRoomsRequest>(), cancellation),
        "DeleteRoom" => (grants, body, cancellation) => DeleteAsync(grants, body.As<DeleteRoomRequest>(), cancellation),
        "ListParticipants" => async (grants, body, cancellation) => await ListAsync(grants, body.As<ListParticipantsRequest>().Room, cancellation),
        "GetParticipant" => (grants, body, cancellation) => GetAsync(grants, body.As<RoomParticipantIdentity>(), cancellation),
        "RemoveParticipant" => (grants, body, cancellation) => RemoveAsync(grants, body.As<RoomParticipantIdentity>(), cancellation),
        "MutePublishedTrack" => (grants, body, cancellation) => MuteAsync(grants, body.As<MuteRoomTrackRequest>(), cancellation),
        "UpdateParticipant" => (grants, body, cancellation) => UpdateAsync(grants, body.As<UpdateParticipantRequest>(), cancellation),
        "UpdateSubscriptions" => (grants, body, cancellation) => SubscribeAsync(grants, body.As<UpdateSubscriptionsRequest>(), cancellation),
        "SendData" or "PerformRpc" => static (_, _, _) => throw NotServed("this server carries no data messages"),
        "ForwardParticipant" or "MoveParticipant" => static (_, _, _) => throw NotServed("not implemented, as in LiveKit's own server"),
        "UpdateRoomMetadata" => (grants, body, cancellation) => UpdateRoomAsync(grants, body.As<UpdateRoomMetadataRequest>(), cancellation),
        _ => null,
    };

    private async Task<IMessage> CreateAsync(ParticipantGrants grants, CreateRoomRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomCreate) throw Denied("the token does not grant roomCreate");
        var create = new V1.CreateRoomRequest
        {
            RequestId = RoomDoor.NewRequestId(),
            RoomId = request.Name,
            MaxParticipants = request.MaxParticipants,
            EmptyTimeoutSeconds = request.EmptyTimeout,
            Metadata = ByteString.CopyFromUtf8(request.Metadata),
        };
        var name = request.Name;
        try { name = (await door.Rooms.CreateRoomAsync(create, door.Options(cancellationToken))).RoomId; }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists) { } // LiveKit returns the room as it is
        return (await door.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = name }, door.Options(cancellationToken))).Room.ToLiveKit();
    }

    private async Task<IMessage> ListRoomsAsync(ParticipantGrants grants, ListRoomsRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomList) throw Denied("the token does not grant roomList");
        var reply = new ListRoomsResponse();
        if (request.Names.Count > 0) // those alone, not all rooms for their sake
        {
            foreach (var name in request.Names.Distinct(StringComparer.Ordinal))
                if (await FindAsync(name, cancellationToken) is { Status: not (V1.RoomStatus.Closing or V1.RoomStatus.Closed) } room) reply.Rooms.Add(room.ToLiveKit());
            return reply;
        }
        var next = "";
        do
        {
            var page = await door.Rooms.ListRoomsAsync(new V1.ListRoomsRequest { PageSize = 1_000, PageToken = next }, door.Options(cancellationToken));
            foreach (var room in page.Rooms)
                if (room.Status != V1.RoomStatus.Closing) reply.Rooms.Add(room.ToLiveKit());
            next = page.NextPageToken;
        }
        while (next.Length > 0);
        return reply;
    }

    /// <returns>Null when there is no such room, or could be none of that name.</returns>
    private async Task<V1.Room?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try { return (await door.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = name }, door.Options(cancellationToken))).Room; }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument) { return null; }
    }

    private async Task<IMessage> DeleteAsync(ParticipantGrants grants, DeleteRoomRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomCreate) throw Denied("the token does not grant roomCreate");
        await door.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = RoomDoor.NewRequestId(), RoomId = request.Room }, door.Options(cancellationToken));
        return new DeleteRoomResponse();
    }

    private async Task<ListParticipantsResponse> ListAsync(ParticipantGrants grants, string room, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, room);
        var reply = new ListParticipantsResponse();
        if (await OwnerAsync(room, cancellationToken) is not { } owner) return reply;
        for (var page = new ListSessionsRequest { RoomId = room, Paged = true }; ;)
        {
            var sessions = await owner.ListSessionsAsync(page, door.OwnOptions(cancellationToken));
            reply.Participants.AddRange(sessions.Participants.Select(ParticipantInfo.Parser.ParseFrom));
            if (sessions.Next.Length == 0) return reply;
            page.After = sessions.Next;
        }
    }

    private async Task<IMessage> GetAsync(ParticipantGrants grants, RoomParticipantIdentity request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        if (await OwnerAsync(request.Room, cancellationToken) is { } owner)
        {
            var one = new ListSessionsRequest { RoomId = request.Room, Identity = SeatName.Of(request.Identity), Paged = true };
            var sessions = await owner.ListSessionsAsync(one, door.OwnOptions(cancellationToken));
            if (sessions.Participants.Select(ParticipantInfo.Parser.ParseFrom).FirstOrDefault(participant => participant.Identity == request.Identity) is { } found) return found;
        }
        throw new RpcException(new Status(StatusCode.NotFound, "participant does not exist"));
    }

    private async Task<IMessage> RemoveAsync(ParticipantGrants grants, RoomParticipantIdentity request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        await door.Rooms.RemoveParticipantAsync(new V1.RemoveParticipantRequest
        {
            RequestId = RoomDoor.NewRequestId(),
            RoomId = request.Room,
            Identity = SeatName.Of(request.Identity),
            Reason = $"removed by {grants.Identity}"[..Math.Min(64, 11 + grants.Identity.Length)],
        }, door.Options(cancellationToken));
        return new RemoveParticipantResponse();
    }

    private async Task<IMessage> MuteAsync(ParticipantGrants grants, MuteRoomTrackRequest request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        if (!request.Muted && !allowUnmute)
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "remote unmute not enabled: only participants open their own microphones and cameras (option AllowRemoteUnmute)"));
        var changed = await ChangeAsync(grants, request.Room, new ChangeRoomRequest
        {
            RoomId = request.Room,
            Identity = SeatName.Of(request.Identity),
            TrackMuted = new ChangeTrackMuted { TrackSid = request.TrackSid, Muted = request.Muted },
        }, cancellationToken);
        return new MuteRoomTrackResponse { Track = TrackInfo.Parser.ParseFrom(changed) };
    }

    private async Task<IMessage> UpdateAsync(ParticipantGrants grants, UpdateParticipantRequest request, CancellationToken cancellationToken)
    {
        Refuse(TextLimits.CheckParticipantName(request.Name) ?? TextLimits.CheckMetadata(request.Metadata) ?? TextLimits.CheckAttributes(request.Attributes));
        var changed = await ChangeAsync(grants, request.Room, new ChangeRoomRequest { RoomId = request.Room, Identity = SeatName.Of(request.Identity), Participant = request.ToByteString() }, cancellationToken);
        return ParticipantInfo.Parser.ParseFrom(changed);
    }

    private async Task<IMessage> SubscribeAsync(ParticipantGrants grants, UpdateSubscriptionsRequest request, CancellationToken cancellationToken)
    {
        var wanted = new UpdateSubscription { Subscribe = request.Subscribe, TrackSids = { request.TrackSids }, ParticipantTracks = { request.ParticipantTracks } };
        await ChangeAsync(grants, request.Room, new ChangeRoomRequest { RoomId = request.Room, Identity = SeatName.Of(request.Identity), Subscription = wanted.ToByteString() }, cancellationToken);
        return new UpdateSubscriptionsResponse();
    }

    private async Task<IMessage> UpdateRoomAsync(ParticipantGrants grants, UpdateRoomMetadataRequest request, CancellationToken cancellationToken)
    {
        await ChangeAsync(grants, request.Room, new ChangeRoomRequest { RoomId = request.Room, RoomMetadata = request.Metadata }, cancellationToken);
        var room = (await door.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = request.Room }, door.Options(cancellationToken))).Room.ToLiveKit();
        room.Metadata = request.Metadata;
        return room;
    }

    private async Task<ByteString> ChangeAsync(ParticipantGrants grants, string room, ChangeRoomRequest change, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, room);
        var owner = await OwnerAsync(room, cancellationToken) ?? throw new RpcException(new Status(StatusCode.NotFound, $"room {room} has no owner now"));
        return (await owner.ChangeRoomAsync(change, door.OwnOptions(cancellationToken))).Changed;
    }

    private async Task<MediaSessionService.MediaSessionServiceClient?> OwnerAsync(string room, CancellationToken cancellationToken)
    {
        var reply = await door.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = room }, door.Options(cancellationToken));
        return reply.NodeAddress.Length == 0 ? null : door.Sessions(reply.NodeAddress);
    }

    private static void RequireAdmin(ParticipantGrants grants, string room)
    {
        if (grants.RefuseAdmin(room) is { } refusal) throw Denied(refusal.Message);
        if (NameRule.Check("room", room) is { } wrong) throw new RpcException(new Status(StatusCode.InvalidArgument, wrong.Message));
    }

    private static void Refuse(Failure? failure)
    {
        if (failure is not null) throw failure.ToRpcException();
    }

    private static TwirpException NotServed(string why) => TwirpException.Of(StatusCode.Unimplemented, why);

    private static RpcException Denied(string why) => new(new Status(StatusCode.PermissionDenied, why));
}
