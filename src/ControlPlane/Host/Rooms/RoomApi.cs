using Grpc.Core;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Rooms and seats: mutations through the log, reads from this replica's state.</summary>
[RequireRole(Role.Viewer)]
public sealed class RoomApi(Mutations mutations, StateQueries queries, RoomWatches watches, PlacementExplainer explainer, LeaderAbsence absence, ServingGate gate) : RoomService.RoomServiceBase
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1_000;
    private const string NextPagePrefix = "after:";

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> CreateRoom(CreateRoomRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).CreateRoomAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> CloseRoom(CloseRoomRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).CloseRoomAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> MoveRoom(MoveRoomRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).MoveRoomAsync(r, options));

    [RequireRole(Role.Operator)]
    public override async Task<AdmitParticipantReply> AdmitParticipant(AdmitParticipantRequest request, ServerCallContext context)
    {
        var reply = await mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToAdmitReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).AdmitParticipantAsync(r, options));
        if (reply.NodeId.Length > 0 && reply.NodeAddress.Length == 0)
            reply.NodeAddress = await queries.ReadNowAsync(new NodeId(reply.NodeId), static (state, _, node) => state.FindNode(node)?.Record.Description.Address ?? "");
        return reply;
    }

    [RequireRole(Role.Operator)]
    public override Task<RemoveParticipantReply> RemoveParticipant(RemoveParticipantRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRemoveReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).RemoveParticipantAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<ParticipantReply> SetParticipantRole(SetParticipantRoleRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToParticipantReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).SetParticipantRoleAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> OpenRoom(OpenRoomRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).OpenRoomAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> UpdateRoom(UpdateRoomRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).UpdateRoomAsync(r, options));

    public override async Task<GetRoomReply> GetRoom(GetRoomRequest request, ServerCallContext context)
    {
        gate.Check();
        var room = FieldRules.Room("room_id", request.RoomId);
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), room, static (state, index, id) =>
        {
            if (state.FindRoom(id) is not { } found) return null;
            var address = found.Record.Owner is { } owner ? state.FindNode(owner.Node)?.Record.Description.Address : null;
            return new GetRoomReply { Room = found.ToWire(), AppliedIndex = index, NodeAddress = address ?? "" };
        }, context.CancellationToken);
        return reply ?? throw Failure.NotFound($"room {request.RoomId}").ToRpcException();
    }

    public override Task<ListRoomsReply> ListRooms(ListRoomsRequest request, ServerCallContext context)
    {
        gate.Check();
        FieldRules.AtMost("page_size", request.PageSize, MaxPage);
        FieldRules.OptionalName("node_id", request.NodeId);
        var after = "";
        if (request.PageToken.Length > 0)
        {
            if (!request.PageToken.StartsWith(NextPagePrefix, StringComparison.Ordinal)) throw FieldRules.Broken("page_token", request.PageToken, "next_page_token of an earlier answer");
            after = request.PageToken[NextPagePrefix.Length..];
            FieldRules.Name("page_token", after);
        }
        var size = request.PageSize == 0 ? DefaultPage : (int)request.PageSize;
        return queries.ReadAsync(request.Consistency.ToReadMode(), (After: after, Size: size, Node: new NodeId(request.NodeId), request.IncludeClosed),
            static (state, index, page) => RoomListing.Page(state, index, page.After, page.Size, page.Node, page.IncludeClosed, NextPagePrefix), context.CancellationToken).AsTask();
    }

    public override async Task<ListParticipantsReply> ListParticipants(ListParticipantsRequest request, ServerCallContext context)
    {
        gate.Check();
        var room = FieldRules.Room("room_id", request.RoomId);
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), room, static (state, index, id) =>
        {
            if (state.FindRoom(id) is not { } found) return null;
            var listed = new ListParticipantsReply { AppliedIndex = index };
            foreach (var seat in found.Seats.InOrder()) listed.Participants.Add(found.Record.Show(seat).ToWire());
            return listed;
        }, context.CancellationToken);
        return reply ?? throw Failure.NotFound($"room {request.RoomId}").ToRpcException();
    }

    public override Task<ExplainPlacementReply> ExplainPlacement(ExplainPlacementRequest request, ServerCallContext context)
    {
        gate.Check();
        return explainer.ExplainAsync(FieldRules.Room("room_id", request.RoomId), request.Consistency.ToReadMode(), context.CancellationToken);
    }

    public override async Task WatchRooms(WatchRoomsRequest request, IServerStreamWriter<RoomChange> responseStream, ServerCallContext context)
    {
        gate.Check();
        var room = request.RoomId.Length == 0 ? "" : FieldRules.Room("room_id", request.RoomId).Value;
        FieldRules.OptionalName("node_id", request.NodeId);
        absence.Check();
        await context.WriteResponseHeadersAsync([]); // it is served here: nobody need be asked beside
        await watches.ServeAsync(room, request.NodeId, responseStream, context.CancellationToken);
    }
}
