using Grpc.Core;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>
/// What changes rooms and seats, through the log; for callers over the network and for the gateway of this process alike.
/// </summary>
public sealed class RoomMutations(Mutations mutations, StateQueries queries, RoomQueue queue)
{
    public async Task<RoomReply> CreateAsync(CreateRoomRequest request, IncomingCall call) =>
        await WithWaitAsync(await mutations.RunAsync(request, request.RequestId, call, request.ToCommand(),
            static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).CreateRoomAsync(r, options)));

    public Task<RoomReply> CloseAsync(CloseRoomRequest request, IncomingCall call) =>
        mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).CloseRoomAsync(r, options));

    public Task<RoomReply> MoveAsync(MoveRoomRequest request, IncomingCall call) =>
        mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).MoveRoomAsync(r, options));

    public async Task<AdmitParticipantReply> AdmitAsync(AdmitParticipantRequest request, IncomingCall call)
    {
        var reply = await mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToAdmitReply(),
            static (leader, r, options) =>
                new RoomService.RoomServiceClient(leader).AdmitParticipantAsync(r, options), request.ToOpening());
        if (reply.NodeId.Length > 0 && reply.NodeAddress.Length == 0)
            reply.NodeAddress = await queries.ReadNowAsync(new NodeId(reply.NodeId),
                static (state, _, node) => state.FindNode(node)?.Record.Description.Address ?? "");
        if (reply.NodeId.Length == 0) reply.Wait = await WaitAsync(RoomName.IdOf(request.RoomId));
        return reply;
    }

    public Task<RemoveParticipantReply> RemoveAsync(RemoveParticipantRequest request, IncomingCall call) =>
        mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToRemoveReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).RemoveParticipantAsync(r, options));

    public Task<ParticipantReply> SetRoleAsync(SetParticipantRoleRequest request, IncomingCall call) =>
        mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToParticipantReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).SetParticipantRoleAsync(r, options));

    public async Task<RoomReply> OpenAsync(OpenRoomRequest request, IncomingCall call) =>
        await WithWaitAsync(await mutations.RunAsync(request, request.RequestId, call, request.ToCommand(),
            static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).OpenRoomAsync(r, options)));

    public Task<RoomReply> UpdateAsync(UpdateRoomRequest request, IncomingCall call) =>
        mutations.RunAsync(request, request.RequestId, call, request.ToCommand(), static reply => reply.ToRoomReply(),
            static (leader, r, options) => new RoomService.RoomServiceClient(leader).UpdateRoomAsync(r, options));

    private async ValueTask<RoomReply> WithWaitAsync(RoomReply reply)
    {
        if (reply.Status == RoomStatus.Unplaced) reply.Wait ??= await WaitAsync(new(reply.RoomId));
        return reply;
    }

    private ValueTask<V1.RoomWait?> WaitAsync(RoomId room) => !queue.HasFleet ? new((V1.RoomWait?)null)
        : queries.ReadNowAsync((queue, room), static (state, _, asked) => asked.queue.Of(state, asked.room)?.ToWire());
}
