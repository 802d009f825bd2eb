using Grpc.Core;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Rooms;

/// <summary>A reserved seat and where it is granted.</summary>
internal sealed record GrantedSeat(RoomId Room, string Seat, ulong SeatId, ulong Epoch, string NodeAddress, Room Info);

/// <summary>How whoever has a token gets a seat: one that was kept, or a new one through the log.</summary>
internal sealed class Admission(IRoomCommands commands, IRoomPlaces places)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    internal static string NewRequestId() => Guid.NewGuid().ToString("N"); // no time inside: this replica's clock may be wrong

    /// <summary>Reserves a seat in a room that has an owner; makes the room when there is none; waits while it changes hands.</summary>
    /// <exception cref="RpcException">A cap is reached, no quorum answers, or the token is cancelled.</exception>
    internal async Task<GrantedSeat> AdmitAsync(ParticipantGrants grants, CancellationToken cancellationToken)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var changed = places.NextChange(room);
            try
            {
                var reply = await commands.AdmitAsync(new AdmitParticipantRequest { RequestId = NewRequestId(), RoomId = room.Value, Identity = seat, Role = grants.Role }, cancellationToken);
                if (reply.NodeAddress.Length > 0 && await FindAsync(room, reply.Epoch, cancellationToken) is { } place)
                    return new GrantedSeat(room, seat, reply.Participant.SeatId, reply.Epoch, reply.NodeAddress, place.Info);
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
            {
                // The room does not exist or is closed; or the identity has a seat of the other role.
                if (e.StatusCode == StatusCode.FailedPrecondition && await places.LookAsync(room, seat) is { IsOpen: true, Seat: { } held } && held.Role != grants.Role)
                    await commands.SetRoleAsync(new SetParticipantRoleRequest { RequestId = NewRequestId(), RoomId = room.Value, Identity = seat, Role = grants.Role }, cancellationToken);
                else await OpenAsync(new OpenRoomRequest { RequestId = NewRequestId(), Name = grants.Room, Patch = grants.RoomConfig.ToPatch() }, cancellationToken);
            }
            // Also after a room was made: what this replica has applied of it wakes us, and a name that is not free yet does not make us ask without end.
            await Task.WhenAny(changed, Task.Delay(Pause, cancellationToken));
        }
    }

    /// <summary>The seat somebody kept when the room changed hands: reserved in the log already, and waiting at the new owner. Null when there is none.</summary>
    /// <remarks>
    /// This replica may be behind. The owner checks seat and epoch, and whoever it refuses asks by <see cref="AdmitAsync"/>. Whoever has joined under the present owner
    /// is another session of the identity, or one that is about to leave: that is for the log to tell apart.
    /// </remarks>
    /// <param name="anyRole">The session itself comes along, with what it may do: the server API may have changed that since its seat was reserved.</param>
    internal async Task<GrantedSeat?> FindKeptAsync(ParticipantGrants grants, bool anyRole = false)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        return await places.LookAsync(room, seat) is { NodeAddress.Length: > 0, Seat: { HasJoined: false } held } place && (anyRole || held.Role == grants.Role)
            ? new GrantedSeat(room, seat, held.Id, place.Epoch, place.NodeAddress, place.Info) : null;
    }

    private async Task<RoomPlace?> FindAsync(RoomId room, ulong epoch, CancellationToken cancellationToken) =>
        await places.LookAsync(room) is { } here && here.Epoch >= epoch ? here : await places.LookLinearizablyAsync(room, cancellationToken); // the leader is ahead of us

    /// <returns>The room's id.</returns>
    internal async Task<string> OpenAsync(OpenRoomRequest open, CancellationToken cancellationToken)
    {
        try { return (await commands.OpenAsync(open, cancellationToken)).RoomId; }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented && NameRule.Accepts(open.Name)) // the leader, or a replica that it knows of, runs an older program than ours
        {
            try { await commands.CreateAsync(new CreateRoomRequest { RequestId = open.RequestId, RoomId = open.Name }, cancellationToken); }
            catch (RpcException known) when (known.StatusCode == StatusCode.AlreadyExists) { } // somebody else was quicker
            return open.Name;
        }
    }
}
