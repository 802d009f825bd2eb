using VideoScale.Gateway.Ports;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>RoomService for the gateway of this process.</summary>
public sealed class GatewayCommands(RoomMutations mutations, RoomReads reads, GatewayCalls calls) : IRoomCommands
{
    public Task<AdmitParticipantReply> AdmitAsync(AdmitParticipantRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.AdmitParticipant), call => mutations.AdmitAsync(request, call),
            cancellationToken);

    public Task<RemoveParticipantReply> RemoveAsync(RemoveParticipantRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.RemoveParticipant), call => mutations.RemoveAsync(request, call),
            cancellationToken);

    public Task<ParticipantReply> SetRoleAsync(SetParticipantRoleRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.SetParticipantRole), call => mutations.SetRoleAsync(request, call),
            cancellationToken);

    public Task<RoomReply> CreateAsync(CreateRoomRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.CreateRoom), call => mutations.CreateAsync(request, call), cancellationToken);

    public Task<RoomReply> OpenAsync(OpenRoomRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.OpenRoom), call => mutations.OpenAsync(request, call), cancellationToken);

    public Task<RoomReply> UpdateAsync(UpdateRoomRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.UpdateRoom), call => mutations.UpdateAsync(request, call), cancellationToken);

    public Task<RoomReply> CloseAsync(CloseRoomRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.CloseRoom), call => mutations.CloseAsync(request, call), cancellationToken);

    public Task<GetRoomReply> GetAsync(GetRoomRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.GetRoom), call => reads.GetAsync(request, call.CancellationToken),
            cancellationToken);

    public Task<ListRoomsReply> ListAsync(ListRoomsRequest request, CancellationToken cancellationToken) =>
        calls.RunAsync(nameof(RoomService.RoomServiceBase.ListRooms), call => reads.ListAsync(request, call.CancellationToken),
            cancellationToken);
}
