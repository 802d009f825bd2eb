using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using CreateRoomRequest = LiveKit.Proto.CreateRoomRequest;
using ListRoomsRequest = LiveKit.Proto.ListRoomsRequest;
using LiveKitRoom = LiveKit.Proto.Room;

namespace VideoScale.Gateway.Twirp;

/// <summary>Rooms themselves: made, changed, listed and deleted in the log, whether or not anybody has joined.</summary>
internal sealed partial class RoomServer
{
    private const string NoSuchRoom = "requested room does not exist";

    private async Task<IMessage> CreateAsync(ParticipantGrants grants, CreateRoomRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomCreate) throw Denied("the token does not grant roomCreate");
        if (request.Name.Length == 0) throw TwirpException.Of(StatusCode.InvalidArgument, "no room name");
        if (RoomName.Check("name", request.Name) is { } wrong) throw TwirpException.Of(StatusCode.InvalidArgument, wrong.Message);
        Refuse(TextLimits.CheckMetadata(request.Metadata));
        if (request.RoomPreset.Length > 0)
            throw TwirpException.Of(StatusCode.InvalidArgument,
                $"unknown room configuration \"{request.RoomPreset}\": there are no presets here");
        var id = await admission.OpenAsync(new OpenRoomRequest
        {
            RequestId = Admission.NewRequestId(),
            Name = request.Name,
            Patch = RoomMapping.Patch(request.EmptyTimeout, request.DepartureTimeout, request.MaxParticipants, request.Metadata),
            ChangesExisting = true,
        }, cancellationToken);
        return await ShowAsync(id, cancellationToken)
            ?? throw TwirpException.Of(StatusCode.Unavailable, "the room was closed again at once");
    }

    private async Task<IMessage> ListRoomsAsync(ParticipantGrants grants, ListRoomsRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomList) throw Denied("the token does not grant roomList");
        var found = new List<V1.Room>();
        if (request.Names.Count > 0) // those alone, not all rooms for their sake
        {
            foreach (var name in request.Names.Distinct(StringComparer.Ordinal))
                if (RoomName.Check("names", name) is null && await FindAsync(RoomName.IdOf(name).Value, cancellationToken) is { } room)
                    found.Add(room.Room);
        }
        else
        {
            var next = "";
            do
            {
                var page = await commands.ListAsync(new V1.ListRoomsRequest { PageSize = 1_000, PageToken = next }, cancellationToken);
                found.AddRange(page.Rooms.Where(IsOpen));
                next = page.NextPageToken;
            }
            while (next.Length > 0);
        }
        var addresses = await places.NodeAddressesAsync();
        var counted =
            found.ConvertAll(room => new RoomCounts.Counted(room.ToLiveKit(), room, addresses.GetValueOrDefault(room.NodeId, "")));
        await _counts.FillAsync(counted, cancellationToken);
        return new ListRoomsResponse { Rooms = { counted.Select(static room => room.Shown) } };
    }

    private async Task<IMessage> DeleteAsync(ParticipantGrants grants, DeleteRoomRequest request, CancellationToken cancellationToken)
    {
        if (!grants.RoomCreate) throw Denied("the token does not grant roomCreate");
        var id = IdOf(request.Room);
        if (await FindAsync(id, cancellationToken) is null) throw TwirpException.Of(StatusCode.NotFound, NoSuchRoom);
        await commands.CloseAsync(new CloseRoomRequest { RequestId = Admission.NewRequestId(), RoomId = id }, cancellationToken);
        return new DeleteRoomResponse();
    }

    private async Task<IMessage> UpdateRoomAsync(ParticipantGrants grants, UpdateRoomMetadataRequest request,
        CancellationToken cancellationToken)
    {
        RequireAdmin(grants, request.Room);
        Refuse(TextLimits.CheckMetadata(request.Metadata));
        var id = IdOf(request.Room);
        var patch = new RoomPatch { Metadata = ByteString.CopyFromUtf8(request.Metadata) };
        try
        {
            await commands.UpdateAsync(new UpdateRoomRequest { RequestId = Admission.NewRequestId(), RoomId = id, Patch = patch },
                cancellationToken);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { throw TwirpException.Of(StatusCode.NotFound, NoSuchRoom); }
        return await ShowAsync(id, cancellationToken) ?? throw TwirpException.Of(StatusCode.NotFound, NoSuchRoom);
    }

    private static string IdOf(string name) =>
        RoomName.Check("room", name) is { } wrong ? throw TwirpException.Of(StatusCode.InvalidArgument, wrong.Message)
            : RoomName.IdOf(name).Value;

    private static bool IsOpen(V1.Room room) => RoomPlace.IsOpenIn(room.Status);

    /// <returns>Null when it is not open.</returns>
    private async Task<GetRoomReply?> FindAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await commands.GetAsync(new GetRoomRequest { RoomId = id }, cancellationToken) is var found && IsOpen(found.Room) ? found
                : null;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound) { return null; }
    }

    private async Task<LiveKitRoom?> ShowAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } found) return null;
        var counted = new RoomCounts.Counted(found.Room.ToLiveKit(), found.Room, found.NodeAddress);
        await _counts.FillAsync([counted], cancellationToken);
        return counted.Shown;
    }
}
