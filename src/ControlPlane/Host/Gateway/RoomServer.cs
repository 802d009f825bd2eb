using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using VideoScale.ControlPlane.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using CreateRoomRequest = LiveKit.Proto.CreateRoomRequest;
using ListParticipantsRequest = LiveKit.Proto.ListParticipantsRequest;
using ListRoomsRequest = LiveKit.Proto.ListRoomsRequest;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>LiveKit's RoomService over Twirp (JSON or protobuf), for livekit-server-sdk and those like it.</summary>
internal sealed class RoomServer(TokenVerifier tokens, RoomDoor door)
{
    private const int MostOctets = 1 << 20;
    private const string Json = "application/json";
    private const string Binary = "application/protobuf";
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default);

    internal async Task ServeAsync(HttpContext context, string method)
    {
        var (grants, problem) = await tokens.VerifyAsync(GatewayEndpoints.TokenOf(context));
        if (grants is null)
        {
            await RefuseAsync(context, StatusCode.Unauthenticated, problem);
            return;
        }
        try
        {
            var body = await ReadAsync(context);
            if (body is null) await RefuseAsync(context, StatusCode.InvalidArgument, $"the body is larger than {MostOctets} octets");
            else if (await CallAsync(method, grants, new Body(body, IsJson(context)), context.RequestAborted) is { } reply) await AnswerAsync(context, reply);
            else await RefuseAsync(context, StatusCode.Unimplemented, $"no method {method}");
        }
        catch (RpcException e) { await RefuseAsync(context, e.StatusCode, e.Status.Detail); }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException) { await RefuseAsync(context, StatusCode.InvalidArgument, "the body is not the method's request"); }
    }

    private sealed record Body(byte[] Octets, bool IsJson)
    {
        internal T As<T>() where T : class, IMessage<T>, new() => IsJson ? Parser.Parse<T>(System.Text.Encoding.UTF8.GetString(Octets)) : new MessageParser<T>(static () => new T()).ParseFrom(Octets);
    }

    private async Task<IMessage?> CallAsync(string method, ParticipantGrants grants, Body body, CancellationToken cancellationToken) => method switch
    {
        "CreateRoom" => await CreateAsync(grants, body.As<CreateRoomRequest>(), cancellationToken),
        "ListRooms" => await ListRoomsAsync(grants, body.As<ListRoomsRequest>(), cancellationToken),
        "DeleteRoom" => await DeleteAsync(grants, body.As<DeleteRoomRequest>(), cancellationToken),
        "ListParticipants" => await ListAsync(grants, body.As<ListParticipantsRequest>().Room, cancellationToken),
        "GetParticipant" => await GetAsync(grants, body.As<RoomParticipantIdentity>(), cancellationToken),
        "RemoveParticipant" => await RemoveAsync(grants, body.As<RoomParticipantIdentity>(), cancellationToken),
        "MutePublishedTrack" => await MuteAsync(grants, body.As<MuteRoomTrackRequest>(), cancellationToken),
        "UpdateParticipant" => await UpdateAsync(grants, body.As<UpdateParticipantRequest>(), cancellationToken),
        "UpdateRoomMetadata" => await UpdateRoomAsync(grants, body.As<UpdateRoomMetadataRequest>(), cancellationToken),
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
        var sessions = await owner.ListSessionsAsync(new ListSessionsRequest { RoomId = room }, door.OwnOptions(cancellationToken));
        reply.Participants.AddRange(sessions.Participants.Select(ParticipantInfo.Parser.ParseFrom));
        return reply;
    }

    private async Task<IMessage> GetAsync(ParticipantGrants grants, RoomParticipantIdentity request, CancellationToken cancellationToken) =>
        (await ListAsync(grants, request.Room, cancellationToken)).Participants.FirstOrDefault(participant => participant.Identity == request.Identity)
        ?? throw new RpcException(new Status(StatusCode.NotFound, "participant does not exist"));

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
        var changed = await ChangeAsync(grants, request.Room, new ChangeRoomRequest { RoomId = request.Room, Identity = SeatName.Of(request.Identity), Participant = request.ToByteString() }, cancellationToken);
        return ParticipantInfo.Parser.ParseFrom(changed);
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

    private static RpcException Denied(string why) => new(new Status(StatusCode.PermissionDenied, why));

    private static bool IsJson(HttpContext context) => context.Request.ContentType?.StartsWith(Binary, StringComparison.OrdinalIgnoreCase) != true;

    private static async Task<byte[]?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MostOctets) return null;
        using var body = new MemoryStream();
        var part = new byte[8192];
        for (int read; (read = await context.Request.Body.ReadAsync(part, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > MostOctets) return null;
            body.Write(part, 0, read);
        }
        return body.ToArray();
    }

    private static Task AnswerAsync(HttpContext context, IMessage reply)
    {
        context.Response.ContentType = IsJson(context) ? Json : Binary;
        return IsJson(context) ? context.Response.WriteAsync(Formatter.Format(reply)) : context.Response.Body.WriteAsync(reply.ToByteArray()).AsTask();
    }

    /// <summary>Twirp's errors: a code as text, and the HTTP status that belongs to it.</summary>
    private static Task RefuseAsync(HttpContext context, StatusCode status, string why)
    {
        var (code, http) = status switch
        {
            StatusCode.InvalidArgument => ("invalid_argument", 400),
            StatusCode.Unauthenticated => ("unauthenticated", 401),
            StatusCode.PermissionDenied => ("permission_denied", 403),
            StatusCode.NotFound => ("not_found", 404),
            StatusCode.Unimplemented => ("bad_route", 404),
            StatusCode.AlreadyExists => ("already_exists", 409),
            StatusCode.FailedPrecondition => ("failed_precondition", 412),
            StatusCode.ResourceExhausted => ("resource_exhausted", 429),
            StatusCode.Unavailable or StatusCode.Cancelled => ("unavailable", 503),
            StatusCode.DeadlineExceeded => ("deadline_exceeded", 408),
            _ => ("internal", 500),
        };
        context.Response.StatusCode = http;
        context.Response.ContentType = Json;
        return context.Response.WriteAsync(System.Text.Json.JsonSerializer.Serialize(new TwirpError(code, why), GatewayJson.Default.TwirpError));
    }
}

internal sealed record TwirpError(string Code, string Msg);

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase)]
[System.Text.Json.Serialization.JsonSerializable(typeof(TwirpError))]
internal sealed partial class GatewayJson : System.Text.Json.Serialization.JsonSerializerContext;
