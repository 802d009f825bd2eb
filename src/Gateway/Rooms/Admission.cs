using Grpc.Core;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.Gateway.Rooms;

/// <summary>A reserved seat and where it is granted.</summary>
internal sealed record GrantedSeat(RoomId Room, string Seat, ulong SeatId, ulong Epoch, string NodeAddress, Room Info);

/// <summary>How whoever has a token gets a seat: one that was kept, or a new one through the log.</summary>
internal sealed class Admission(IRoomCommands commands, IRoomPlaces places, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    /// <summary>Events of the room wake earlier; a seat that is taken away is none.</summary>
    private static readonly TimeSpan OwnerPoll = TimeSpan.FromMilliseconds(250);
    /// <summary>A client that has heard nothing for 5 s gives up and cannot say why: who waits for a node is told before.</summary>
    private static readonly TimeSpan NodePatience = TimeSpan.FromSeconds(4);

    internal static string NewRequestId() => Guid.NewGuid().ToString("N"); // no time inside: this replica's clock may be wrong

    /// <summary>
    /// Reserves a seat in a room that has an owner; waits while it changes hands. One command when the room is there; when it is not, its
    /// making, its node and the seat are one entry of the log.
    /// </summary>
    /// <param name="mayBeKept">A seat that was kept when the room changed hands is taken without the log
    /// (<see cref="FindKeptAsync"/>).</param>
    /// <exception cref="RpcException">A cap is reached, no quorum answers, or the token is cancelled.</exception>
    internal async Task<GrantedSeat> AdmitAsync(ParticipantGrants grants, bool mayBeKept, CancellationToken cancellationToken)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        var isUnknown = false; // to the log, whatever this replica has applied
        using var changes = places.Follow(room);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var changed = changes.Next;
            var here = await places.LookAsync(room, seat);
            if (mayBeKept && KeptInRole(room, seat, here, grants) is { } kept) return kept;
            mayBeKept = false;
            var request = new AdmitParticipantRequest
            {
                RequestId = NewRequestId(),
                RoomId = room.Value,
                Identity = seat,
                Role = grants.Role,
            };
            if (isUnknown || here is not { IsOpen: true }) request.OpenRoom = new RoomToOpen
            {
                Name = grants.Room,
                Patch = grants.RoomConfig.ToPatch(),
            };
            try
            {
                if (here is { IsOpen: true, Seat: { } held } && held.Role != grants.Role)
                    await SetRoleAsync(room, seat, grants.Role, cancellationToken);
                var reply = await commands.AdmitAsync(request, cancellationToken);
                if (await FindOwnerAsync(room, seat, reply, changes, changed, cancellationToken) is { } granted) return granted;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.Unimplemented
                && request.OpenRoom is not null)
            {
                // The leader's program, or another's, is older than ours; or the identity has a seat of the other role, of which this
                // replica has not heard yet.
                await OpenAsync(new OpenRoomRequest { RequestId = NewRequestId(), Name = grants.Room, Patch = grants.RoomConfig.ToPatch() },
                    cancellationToken);
            }
            // it ended, or changed, a moment ago
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition) { isUnknown = true; }
            // What this replica has applied of it wakes us, and a name that is not free yet does not make us ask without end.
            await Task.WhenAny(changed, Task.Delay(Pause, cancellationToken));
        }
    }

    /// <summary>The seat's role, by which rooms and nodes count their publishers.</summary>
    internal async Task SetRoleAsync(RoomId room, string seat, ParticipantRole role, CancellationToken cancellationToken)
    {
        var set = new SetParticipantRoleRequest { RequestId = NewRequestId(), RoomId = room.Value, Identity = seat, Role = role };
        try { await commands.SetRoleAsync(set, cancellationToken); }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { } // the seat is gone: whoever holds rooms says who is not there
    }

    /// <summary>Waits, with the seat, for the room's owner: the log is not asked again.</summary>
    /// <param name="changed">The room's next event since before the seat was asked for.</param>
    /// <returns>Null when the seat is gone.</returns>
    private async Task<GrantedSeat?> FindOwnerAsync(RoomId room, string seat, AdmitParticipantReply reply, IRoomChanges changes,
        Task changed, CancellationToken cancellationToken)
    {
        var seatId = reply.Participant.SeatId;
        if (reply.NodeAddress.Length > 0)
            return await FindAsync(room, reply.Epoch, changed, cancellationToken) is { } found
                ? new GrantedSeat(room, seat, seatId, reply.Epoch, reply.NodeAddress, found.Info) : null;
        try { return await AwaitOwnerAsync(room, seat, reply, changes, cancellationToken); }
        catch (Exception e) when (e is OperationCanceledException or RpcException)
        {
            if (await places.LookAsync(room) is { Status: RoomStatus.Unplaced }) await GiveBackAsync(room, seat);
            throw;
        }
    }

    private async Task<GrantedSeat?> AwaitOwnerAsync(RoomId room, string seat, AdmitParticipantReply reply, IRoomChanges changes,
        CancellationToken cancellationToken)
    {
        var seatId = reply.Participant.SeatId;
        var asked = clock.GetTimestamp();
        while (true)
        {
            var changed = changes.Next;
            if (await places.LookAsync(room, seat) is { } place && place.AppliedIndex >= reply.Commit.LogIndex)
            {
                if (!place.IsOpen || place.Seat?.Id != seatId) return null;
                if (place.NodeAddress.Length > 0) return new GrantedSeat(room, seat, seatId, place.Epoch, place.NodeAddress, place.Info);
                if (place.Status == RoomStatus.Unplaced && clock.GetElapsedTime(asked) >= NodePatience)
                    throw Waits(reply.Wait).ToRpcException();
            }
            await Task.WhenAny(changed, Task.Delay(OwnerPoll, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The room keeps its place in the queue while it is empty; a seat that nobody comes for would keep it for ever.</summary>
    private async Task GiveBackAsync(RoomId room, string seat)
    {
        // Whoever comes again takes the same seat; else it is freed once the room has a node.
        await RemoveAsync(room, seat, "did not wait for a node");
    }

    /// <returns>False when the log did not take it.</returns>
    internal async Task<bool> RemoveAsync(RoomId room, string seat, string why)
    {
        var remove = new RemoveParticipantRequest
        {
            RequestId = NewRequestId(),
            RoomId = room.Value,
            Identity = seat,
            Reason = why,
        };
        try { await commands.RemoveAsync(remove, CancellationToken.None); }
        catch (RpcException e) { return e.StatusCode == StatusCode.NotFound; }
        return true;
    }

    private static Failure Waits(RoomWait? wait) => wait is null ? Failure.Unavailable("the room waits for a first media node: join again")
        : Failure.Exhausted($"the fleet is full: the room waits for a node, as number {wait.Position} of {wait.Total}; it keeps its place, "
            + $"join again in {(wait.RetryAfterMs + 999) / 1000} s") with
        { RetryAfterMs = wait.RetryAfterMs };

    /// <summary>
    /// The seat somebody kept when the room changed hands: reserved in the log already, and waiting at the new owner. Null when there is
    /// none.
    /// </summary>
    /// <remarks>
    /// This replica may be behind. The owner checks seat and epoch, and whoever it refuses asks by <see cref="AdmitAsync"/>. Whoever has
    /// joined under the present owner is another session of the identity, or one that is about to leave: that is for the log to tell apart.
    /// </remarks>
    internal async Task<GrantedSeat?> FindKeptAsync(ParticipantGrants grants)
    {
        var (room, seat) = (RoomName.IdOf(grants.Room), SeatName.Of(grants.Identity));
        return KeptInRole(room, seat, await places.LookAsync(room, seat), grants);
    }

    private static GrantedSeat? KeptInRole(RoomId room, string seat, RoomPlace? place, ParticipantGrants grants) =>
        place?.Seat?.Role == grants.Role ? Kept(room, seat, place) : null;

    /// <summary>
    /// The same, in whichever role: where the session itself comes along with what it may do, which may have changed since its seat was
    /// reserved.
    /// </summary>
    internal static GrantedSeat? Kept(RoomId room, string seat, RoomPlace? place) =>
        place is { NodeAddress.Length: > 0, Seat: { HasJoined: false } held }
        ? new GrantedSeat(room, seat, held.Id, place.Epoch, place.NodeAddress, place.Info) : null;

    /// <summary>The room as the leader has just said it is; this replica hears of that a moment later.</summary>
    private async Task<RoomPlace?> FindAsync(RoomId room, ulong epoch, Task changed, CancellationToken cancellationToken)
    {
        if (await places.LookAsync(room) is { } here && here.Epoch >= epoch) return here;
        await Task.WhenAny(changed, Task.Delay(Pause, cancellationToken));
        return await places.LookAsync(room) is { } heard && heard.Epoch >= epoch ? heard
            : await places.LookLinearizablyAsync(room, cancellationToken);
    }

    /// <returns>The room's id.</returns>
    internal async Task<string> OpenAsync(OpenRoomRequest open, CancellationToken cancellationToken)
    {
        try { return (await commands.OpenAsync(open, cancellationToken)).RoomId; }
        // the leader, or a replica that it knows of, runs an older program than ours
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented && NameRule.Accepts(open.Name))
        {
            try { await commands.CreateAsync(new CreateRoomRequest { RequestId = open.RequestId, RoomId = open.Name }, cancellationToken); }
            catch (RpcException known) when (known.StatusCode == StatusCode.AlreadyExists) { } // somebody else was quicker
            return open.Name;
        }
    }
}
