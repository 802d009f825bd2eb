using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>State and events as directives. Apply thread.</summary>
internal static class DirectiveMapping
{
    internal static AgentDirective Assign(RoomState room, Ownership owner, ulong logIndex)
    {
        var assign = new AssignRoom
        {
            LogIndex = logIndex,
            RoomId = room.Name,
            Epoch = owner.Epoch.Value,
            MaxParticipants = room.Record.Settings.MaxParticipants,
            MaxPublishers = room.Record.Settings.MaxPublishers,
        };
        foreach (var seat in room.Seats.InOrder()) assign.Seats.Add(room.Record.Show(seat).ToWire());
        return new AgentDirective { Assign = assign };
    }

    internal static AgentDirective Revoke(RoomId room, Epoch epoch, ulong logIndex, string reason) =>
        new() { Revoke = new RevokeRoom { LogIndex = logIndex, RoomId = room.Value, Epoch = epoch.Value, Reason = reason } };

    internal static AgentDirective Evict(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId) =>
        new() { Evict = new EvictParticipant { RoomId = room.Value, Epoch = epoch.Value, Identity = identity.Value, SeatId = seatId } };

    internal static AgentDirective Seat(RoomState room, Ownership owner, Seat seat) =>
        new() { Seat = new SeatGranted { RoomId = room.Name, Epoch = owner.Epoch.Value, Participant = room.Record.Show(seat).ToWire() } };

    internal static string Words(this RevokeReason reason) => reason switch
    {
        RevokeReason.Move => "moved",
        RevokeReason.Drain => "node is being drained",
        RevokeReason.Close => "closed",
        _ => "revoked",
    };
}
