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
public sealed class RoomApi(RoomMutations mutations, RoomReads reads, StateQueries queries, RoomWatches watches,
    PlacementExplainer explainer, LeaderAbsence absence, ServingGate gate) : RoomService.RoomServiceBase
{
    [RequireRole(Role.Operator)]
    public override Task<RoomReply> CreateRoom(CreateRoomRequest request, ServerCallContext context) =>
        mutations.CreateAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> CloseRoom(CloseRoomRequest request, ServerCallContext context) =>
        mutations.CloseAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> MoveRoom(MoveRoomRequest request, ServerCallContext context) =>
        mutations.MoveAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<AdmitParticipantReply> AdmitParticipant(AdmitParticipantRequest request, ServerCallContext context) =>
        mutations.AdmitAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<RemoveParticipantReply> RemoveParticipant(RemoveParticipantRequest request, ServerCallContext context) =>
        mutations.RemoveAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<ParticipantReply> SetParticipantRole(SetParticipantRoleRequest request, ServerCallContext context) =>
        mutations.SetRoleAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> OpenRoom(OpenRoomRequest request, ServerCallContext context) =>
        mutations.OpenAsync(request, IncomingCall.Of(context));

    [RequireRole(Role.Operator)]
    public override Task<RoomReply> UpdateRoom(UpdateRoomRequest request, ServerCallContext context) =>
        mutations.UpdateAsync(request, IncomingCall.Of(context));

    public override Task<GetRoomReply> GetRoom(GetRoomRequest request, ServerCallContext context) =>
        reads.GetAsync(request, context.CancellationToken);

    public override Task<ListRoomsReply> ListRooms(ListRoomsRequest request, ServerCallContext context) =>
        reads.ListAsync(request, context.CancellationToken);

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
        return explainer.ExplainAsync(FieldRules.Room("room_id", request.RoomId), request.Consistency.ToReadMode(),
            context.CancellationToken);
    }

    public override async Task WatchRooms(WatchRoomsRequest request, IServerStreamWriter<RoomChange> responseStream,
        ServerCallContext context)
    {
        gate.Check();
        var room = request.RoomId.Length == 0 ? "" : FieldRules.Room("room_id", request.RoomId).Value;
        FieldRules.OptionalName("node_id", request.NodeId);
        absence.Check();
        await context.WriteResponseHeadersAsync([]); // it is served here: nobody need be asked beside
        await watches.ServeAsync(room, request.NodeId, responseStream, context.CancellationToken);
    }
}
