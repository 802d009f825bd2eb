using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.Gateway.Ports;

/// <summary>
/// Rooms and seats in the log, asked for in this process on behalf of the gateway: messages, field rules, refusals, repeats and the way to
/// the leader are those of RoomService, without its port.
/// </summary>
/// <remarks>
/// Each ends within a bound of the port's own. Refusals, time-outs and cancellation are <see cref="RpcException"/>s, as a client of
/// RoomService would see them.
/// </remarks>
public interface IRoomCommands
{
    Task<AdmitParticipantReply> AdmitAsync(AdmitParticipantRequest request, CancellationToken cancellationToken);
    Task<RemoveParticipantReply> RemoveAsync(RemoveParticipantRequest request, CancellationToken cancellationToken);
    Task<ParticipantReply> SetRoleAsync(SetParticipantRoleRequest request, CancellationToken cancellationToken);
    Task<RoomReply> CreateAsync(CreateRoomRequest request, CancellationToken cancellationToken);
    Task<RoomReply> OpenAsync(OpenRoomRequest request, CancellationToken cancellationToken);
    Task<RoomReply> UpdateAsync(UpdateRoomRequest request, CancellationToken cancellationToken);
    Task<RoomReply> CloseAsync(CloseRoomRequest request, CancellationToken cancellationToken);
    Task<GetRoomReply> GetAsync(GetRoomRequest request, CancellationToken cancellationToken);
    Task<ListRoomsReply> ListAsync(ListRoomsRequest request, CancellationToken cancellationToken);
}
