using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tokens;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using RoomStatus = VideoScale.ControlPlane.Rooms.RoomStatus;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>A reserved seat and where it is granted.</summary>
internal sealed record Entrance(RoomId Room, string Seat, ulong SeatId, ulong Epoch, string NodeAddress, V1.Room Info);

/// <summary>Where a room stands, as this replica has applied it.</summary>
/// <param name="NodeAddress">Empty unless the room is active.</param>
/// <param name="SeatId">Of the identity that was asked for; 0 when it has none.</param>
internal sealed record RoomPlace(RoomStatus Status, ulong Epoch, string NodeAddress, uint Participants, V1.Room Info, ulong SeatId)
{
    /// <summary>The seat of that identity which was removed last, and has not been followed by one that it left.</summary>
    internal ulong RemovedSeatId { get; init; }

    /// <param name="heldSeatId">The seat that the client had; 0 when that is not known.</param>
    internal bool WasRemoved(ulong heldSeatId) => RemovedSeatId != 0 && (heldSeatId == 0 ? SeatId == 0 : RemovedSeatId >= heldSeatId);
}

/// <summary>Rooms and seats for the gateway, through the log, by this replica's own API: forwarding, repeats and refusals are what every caller gets.</summary>
internal sealed class RoomDoor(ChannelPool channels, string ownAddress, ReplicaIdentity identity, StateQueries queries, RoomSignals signals, RemovedSeats removed, Func<bool> isReady)
{
    private static readonly Caller Gateway = new("gateway", Role.Operator, AuthMethod.Token);
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    /// <summary>Clients wait 5 s for the first word.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(10);

    private bool _wasReady;

    internal RoomService.RoomServiceClient Rooms => new(channels.Get(ownAddress).CreateCallInvoker());

    internal CallOptions Options(CancellationToken cancellationToken)
    {
        var headers = identity.Own();
        ForwardedCaller.Write(headers, Gateway);
        return new CallOptions(headers, DateTime.UtcNow + CallTime, cancellationToken);
    }

    internal static string NewRequestId() => Guid.NewGuid().ToString("N"); // no time inside: this replica's clock may be wrong

    internal MediaSessionService.MediaSessionServiceClient Sessions(string nodeAddress) => new(channels.Get(nodeAddress).CreateCallInvoker());

    /// <summary>As this replica itself: media nodes trust replicas alone.</summary>
    internal CallOptions OwnOptions(CancellationToken cancellationToken) => new(identity.Own(), DateTime.UtcNow + CallTime, cancellationToken);

    internal Metadata OwnHeaders() => identity.Own();

    /// <summary>Where nodes are reached, by their names.</summary>
    internal ValueTask<Dictionary<string, string>> NodeAddressesAsync() =>
        queries.ReadNowAsync(0, static (state, _, _) => state.Nodes.InOrder().ToDictionary(static node => node.Name, static node => node.Record.Description.Address, StringComparer.Ordinal));

    /// <summary>Reserves a seat in a room that has an owner; makes the room when there is none; waits while it changes hands.</summary>
    /// <exception cref="RpcException">A cap is reached, no quorum answers, or the token is cancelled.</exception>
    internal async Task<Entrance> EnterAsync(ParticipantGrants grants, CancellationToken cancellationToken)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        var role = (ParticipantRole)grants.Role;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var changed = signals.Next(room);
            try
            {
                var request = new AdmitParticipantRequest { RequestId = NewRequestId(), RoomId = room.Value, Identity = seat, Role = role };
                var reply = await Rooms.AdmitParticipantAsync(request, Options(cancellationToken));
                if (reply.NodeAddress.Length > 0 && await FindAsync(room, reply.Epoch, cancellationToken) is { } place)
                    return new Entrance(room, seat, reply.Participant.SeatId, reply.Epoch, reply.NodeAddress, place.Info);
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
            {
                // The room does not exist or is closed; or the identity has a seat of the other role.
                if (e.StatusCode == StatusCode.FailedPrecondition && await HasOtherRoleAsync(room, seat, role))
                    await Rooms.SetParticipantRoleAsync(new SetParticipantRoleRequest { RequestId = NewRequestId(), RoomId = room.Value, Identity = seat, Role = role }, Options(cancellationToken));
                else await OpenAsync(new OpenRoomRequest { RequestId = NewRequestId(), Name = grants.Room, Patch = grants.RoomConfig.ToPatch() }, cancellationToken);
            }
            // Also after a room was made: what this replica has applied of it wakes us, and a name that is not free yet does not make us ask without end.
            await Task.WhenAny(changed, Task.Delay(Pause, cancellationToken));
        }
    }

    /// <summary>The seat somebody kept when the room changed hands: reserved in the log already, and waiting at the new owner. Null when there is none.</summary>
    /// <remarks>This replica may be behind. The owner checks seat and epoch, and whoever it refuses asks by <see cref="EnterAsync"/>.</remarks>
    /// <param name="anyRole">The session itself comes along, with what it may do: the server API may have changed that since its seat was reserved.</param>
    internal async Task<Entrance?> ReturnAsync(ParticipantGrants grants, bool anyRole = false)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        var role = (ParticipantRole)grants.Role;
        var place = await queries.ReadNowAsync((room, seat, role: anyRole ? (ParticipantRole?)null : role), static (state, _, about) => Keeps(state, about.room, about.seat, about.role) ? Describe(state, about.room, about.seat) : null);
        return place is { NodeAddress.Length: > 0 } ? new Entrance(room, seat, place.SeatId, place.Epoch, place.NodeAddress, place.Info) : null;
    }

    /// <summary>Whoever has joined under the present owner is another session of the identity, or one that is about to leave: that is for the log to tell apart.</summary>
    private static bool Keeps(ClusterState state, RoomId id, string seat, ParticipantRole? role) =>
        state.FindRoom(id) is { } room && room.Record.Status == RoomStatus.Active && room.Seats.TryGet(new ParticipantIdentity(seat), out var held)
        && (role is null || (ParticipantRole)held.Role == role) && held.JoinedEpoch != room.Record.LastEpoch;

    /// <summary>The room as applied here; null when it is not known.</summary>
    internal async ValueTask<RoomPlace?> LookAsync(RoomId room, string seat = "")
    {
        var place = await queries.ReadNowAsync((room, seat), static (state, _, about) => Describe(state, about.room, about.seat));
        return place is null || seat.Length == 0 ? place : place with { RemovedSeatId = removed.Find(room, seat) };
    }

    internal Task Next(RoomId room) => signals.Next(room);

    /// <summary>Waits a little while this replica has just started: before it has applied what the others have, it would take sessions that live for lost.</summary>
    internal async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)StartTime.TotalMilliseconds;
        while (!_wasReady && !(_wasReady = isReady()) && Environment.TickCount64 < until) await Task.Delay(StartPoll, cancellationToken);
    }

    private async Task<RoomPlace?> FindAsync(RoomId room, ulong epoch, CancellationToken cancellationToken)
    {
        if (await LookAsync(room) is { } here && here.Epoch >= epoch) return here;
        return await queries.ReadAsync(ReadMode.Linearizable, room, static (state, _, id) => Describe(state, id, ""), cancellationToken); // the leader is ahead of us
    }

    private async Task<bool> HasOtherRoleAsync(RoomId room, string seat, ParticipantRole role) => await queries.ReadNowAsync((room, seat, role), static (state, _, about) =>
        state.FindRoom(about.room) is { } found && found.Record.IsOpen && found.Seats.TryGet(new ParticipantIdentity(about.seat), out var held) && (ParticipantRole)held.Role != about.role);

    /// <returns>The room's id.</returns>
    internal async Task<string> OpenAsync(OpenRoomRequest open, CancellationToken cancellationToken)
    {
        try { return (await Rooms.OpenRoomAsync(open, Options(cancellationToken))).RoomId; }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented && NameRule.Accepts(open.Name)) // the leader, or a replica that it knows of, runs an older program than ours
        {
            try { await Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = open.RequestId, RoomId = open.Name }, Options(cancellationToken)); }
            catch (RpcException known) when (known.StatusCode == StatusCode.AlreadyExists) { } // somebody else was quicker
            return open.Name;
        }
    }

    private static RoomPlace? Describe(ClusterState state, RoomId id, string seat)
    {
        if (state.FindRoom(id) is not { } room) return null;
        var record = room.Record;
        var address = record.Status == RoomStatus.Active ? state.FindNode(record.Owner!.Node)?.Record.Description.Address ?? "" : "";
        var seatId = seat.Length > 0 && room.Seats.TryGet(new ParticipantIdentity(seat), out var held) ? held.SeatId : 0;
        return new RoomPlace(record.Status, record.LastEpoch.Value, address, room.Participants, room.ToWire(), seatId);
    }
}
