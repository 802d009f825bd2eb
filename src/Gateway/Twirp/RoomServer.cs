using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;
using CreateRoomRequest = LiveKit.Proto.CreateRoomRequest;
using ListParticipantsRequest = LiveKit.Proto.ListParticipantsRequest;
using ListRoomsRequest = LiveKit.Proto.ListRoomsRequest;

namespace VideoScale.Gateway.Twirp;

/// <summary>LiveKit's RoomService over Twirp (JSON or protobuf), for livekit-server-sdk and those like it.</summary>
/// <param name="allowUnmute">Whether an admin may open somebody's microphone or camera from outside.</param>
internal sealed partial class RoomServer(TokenVerifier tokens, Admission admission, IRoomCommands commands, IRoomPlaces places,
    MediaNodes nodes, bool allowUnmute)
{
    private readonly RoomCounts _counts = new(nodes);

    internal async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var method = path.StartsWith(TwirpProtocol.RoomService, StringComparison.Ordinal) ? path[TwirpProtocol.RoomService.Length..] : "";
        try
        {
            var call = CallOf(method);
            if (TwirpProtocol.CheckRoute(context.Request, isKnown: call is not null) is { } astray) throw astray;
            var (grants, problem) = await tokens.VerifyAsync(BearerToken.Of(context.Request));
            if (grants is null) throw TwirpException.Of(StatusCode.Unauthenticated, problem);
            var body = await TwirpProtocol.ReadAsync(context);
            await TwirpProtocol.AnswerAsync(context, await call!(grants, body, context.RequestAborted), body.IsJson);
        }
        catch (TwirpException e) { await TwirpProtocol.RefuseAsync(context, e); }
        catch (RpcException e)
        {
            await TwirpProtocol.RefuseAsync(context, TwirpException.Of(e.StatusCode, e.Status.Detail, e.RetryAfter()));
        }
    }

    private delegate Task<IMessage> Call(ParticipantGrants grants, TwirpProtocol.Body body, CancellationToken cancellationToken);

    /// <returns>Null when the service has no such method.</returns>
    private Call? CallOf(string method) => method switch
    {
        "CreateRoom" => (grants, body, cancellation) => CreateAsync(grants, body.As<CreateRoomRequest>(), cancellation),
        "ListRooms" => (grants, body, cancellation) => ListRoomsAsync(grants, body.As<ListRoomsRequest>(), cancellation),
        "DeleteRoom" => (grants, body, cancellation) => DeleteAsync(grants, body.As<DeleteRoomRequest>(), cancellation),
        "ListParticipants" => async (grants, body, cancellation) =>
            await ListAsync(grants, body.As<ListParticipantsRequest>().Room, cancellation),
        "GetParticipant" => (grants, body, cancellation) => GetAsync(grants, body.As<RoomParticipantIdentity>(), cancellation),
        "RemoveParticipant" => (grants, body, cancellation) => RemoveAsync(grants, body.As<RoomParticipantIdentity>(), cancellation),
        "MutePublishedTrack" => (grants, body, cancellation) => MuteAsync(grants, body.As<MuteRoomTrackRequest>(), cancellation),
        "UpdateParticipant" => (grants, body, cancellation) => UpdateAsync(grants, body.As<UpdateParticipantRequest>(), cancellation),
        "UpdateSubscriptions" => (grants, body, cancellation) =>
            SubscribeAsync(grants, body.As<UpdateSubscriptionsRequest>(), cancellation),
        "SendData" => (grants, body, cancellation) => SendDataAsync(grants, body.As<SendDataRequest>(), cancellation),
        "PerformRpc" => static (_, _, _) => throw NotServed("this server calls no participants"),
        "ForwardParticipant" or "MoveParticipant" => static (_, _, _) => throw NotServed("not implemented, as in LiveKit's own server"),
        "UpdateRoomMetadata" => (grants, body, cancellation) => UpdateRoomAsync(grants, body.As<UpdateRoomMetadataRequest>(), cancellation),
        _ => null,
    };

    private async Task<ListParticipantsResponse> ListAsync(ParticipantGrants grants, string room, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, room);
        var reply = new ListParticipantsResponse();
        if (await OwnerAsync(room, cancellationToken) is not { } owner) return reply;
        for (var page = new ListSessionsRequest { RoomId = RoomName.IdOf(room).Value, Paged = true }; ;)
        {
            var sessions = await owner.ListSessionsAsync(page, nodes.Options(cancellationToken));
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
            var one = new ListSessionsRequest
            {
                RoomId = RoomName.IdOf(request.Room).Value,
                Identity = SeatName.Of(request.Identity),
                Paged = true,
            };
            var sessions = await owner.ListSessionsAsync(one, nodes.Options(cancellationToken));
            if (sessions.Participants.Select(ParticipantInfo.Parser.ParseFrom)
                .FirstOrDefault(participant => participant.Identity == request.Identity) is { } found) return found;
        }
        throw new RpcException(new Status(StatusCode.NotFound, "participant does not exist"));
    }

    private async Task<IMessage> RemoveAsync(ParticipantGrants grants, RoomParticipantIdentity request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        await commands.RemoveAsync(new V1.RemoveParticipantRequest
        {
            RequestId = Admission.NewRequestId(),
            RoomId = RoomName.IdOf(request.Room).Value,
            Identity = SeatName.Of(request.Identity),
            Reason = TextLimits.Cut($"removed by {grants.Identity}", TextLimits.MaxReasonLength),
        }, cancellationToken);
        return new RemoveParticipantResponse();
    }

    private async Task<IMessage> MuteAsync(ParticipantGrants grants, MuteRoomTrackRequest request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        if (!request.Muted && !allowUnmute)
            throw new RpcException(new Status(StatusCode.FailedPrecondition,
                "remote unmute not enabled: only participants open their own microphones and cameras (option AllowRemoteUnmute)"));
        var changed = await ChangeAsync(request.Room, new ChangeRoomRequest
        {
            RoomId = RoomName.IdOf(request.Room).Value,
            Identity = SeatName.Of(request.Identity),
            TrackMuted = new ChangeTrackMuted { TrackSid = request.TrackSid, Muted = request.Muted },
        }, cancellationToken);
        return new MuteRoomTrackResponse { Track = TrackInfo.Parser.ParseFrom(changed) };
    }

    private async Task<IMessage> UpdateAsync(ParticipantGrants grants, UpdateParticipantRequest request,
        CancellationToken cancellationToken)
    {
        Refuse(TextLimits.CheckParticipantName(request.Name) ?? TextLimits.CheckMetadata(request.Metadata)
            ?? TextLimits.CheckAttributes(request.Attributes));
        RequireAdmin(grants, request.Room);
        // What somebody may newly do is in the log first, where caps may refuse it; what is taken away is taken whether or not there is a
        // quorum.
        if (request.Permission is { CanPublish: true }) await KeepRoleAsync(request, ParticipantRole.Publisher, cancellationToken);
        var changed = await ChangeAsync(request.Room, new ChangeRoomRequest
        {
            RoomId = RoomName.IdOf(request.Room).Value,
            Identity = SeatName.Of(request.Identity),
            Participant = request.ToByteString()
        }, cancellationToken);
        if (request.Permission is { CanPublish: false }) await KeepRoleAsync(request, ParticipantRole.Subscriber, cancellationToken);
        return ParticipantInfo.Parser.ParseFrom(changed);
    }

    /// <summary>
    /// The seat's role, by which rooms and nodes count their publishers, follows what its holder may do. When the owner then refuses or is
    /// gone, the seat still counts as a publisher's: caps count one too many, never one too few, until the call is repeated.
    /// </summary>
    private Task KeepRoleAsync(UpdateParticipantRequest request, ParticipantRole role, CancellationToken cancellationToken) =>
        admission.SetRoleAsync(RoomName.IdOf(request.Room), SeatName.Of(request.Identity), role, cancellationToken);

    private async Task<IMessage> SubscribeAsync(ParticipantGrants grants, UpdateSubscriptionsRequest request,
        CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        var wanted = new UpdateSubscription
        {
            Subscribe = request.Subscribe,
            TrackSids = { request.TrackSids },
            ParticipantTracks = { request.ParticipantTracks },
        };
        await ChangeAsync(request.Room, new ChangeRoomRequest
        {
            RoomId = RoomName.IdOf(request.Room).Value,
            Identity = SeatName.Of(request.Identity),
            Subscription = wanted.ToByteString()
        }, cancellationToken);
        return new UpdateSubscriptionsResponse();
    }

    private async Task<IMessage> SendDataAsync(ParticipantGrants grants, SendDataRequest request, CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        await ChangeAsync(request.Room, new ChangeRoomRequest
        {
            RoomId = RoomName.IdOf(request.Room).Value,
            Data = request.ToByteString(),
        }, cancellationToken);
        return new SendDataResponse();
    }

    private async Task<ByteString> ChangeAsync(string room, ChangeRoomRequest change, CancellationToken cancellationToken)
    {
        var owner = await OwnerAsync(room, cancellationToken)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"room {room} has no owner now"));
        return (await owner.ChangeRoomAsync(change, nodes.Options(cancellationToken))).Changed;
    }

    /// <returns>Null when nobody serves the room now.</returns>
    private async Task<MediaSessionService.MediaSessionServiceClient?> OwnerAsync(string room, CancellationToken cancellationToken)
    {
        return await FindAsync(RoomName.IdOf(room).Value, cancellationToken) is { NodeAddress.Length: > 0 } found
            ? nodes.Sessions(found.NodeAddress) : null;
    }

    private static void RequireAdmin(ParticipantGrants grants, string room)
    {
        if (grants.RefuseAdmin(room) is { } refusal) throw Denied(refusal.Message);
        if (RoomName.Check("room", room) is { } wrong) throw new RpcException(new Status(StatusCode.InvalidArgument, wrong.Message));
    }

    private static void Refuse(Failure? failure)
    {
        if (failure is not null) throw failure.ToRpcException();
    }

    private static TwirpException NotServed(string why) => TwirpException.Of(StatusCode.Unimplemented, why);

    private static RpcException Denied(string why) => new(new Status(StatusCode.PermissionDenied, why));
}
