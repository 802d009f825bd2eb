using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Participants;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private void EvolveParticipant(ParticipantEvent happened, in EventContext context)
    {
        if (happened is ParticipantEvent.AdmissionDenied) return; // remembered by the log alone
        var room = RoomOf(happened.Room);
        if (happened is ParticipantEvent.Admitted admitted)
        {
            TakeSeat(room, new Seat(admitted.Identity, context.Seq, admitted.Role, LastTime.UnixMs, Epoch.None));
            return;
        }
        var held = room.Seats.TryGet(happened.Identity, out var seat);
        Invariant.Require(held && seat is not null, "an event about a seat follows its admission");
        switch (happened)
        {
            case ParticipantEvent.Joined joined:
                SeatsOf(room).Put(seat with { JoinedEpoch = joined.Epoch });
                if (room.Record.Details is { WasJoined: false } details)
                    Set(room, room.Record with { Details = details with { WasJoined = true } });
                else MarkDirty(room);
                break;
            case ParticipantEvent.RoleChanged changed:
                if (seat.Role == ParticipantRole.Publisher) room.Publishers--;
                if (changed.Role == ParticipantRole.Publisher) room.Publishers++;
                SeatsOf(room).Put(seat with { Role = changed.Role });
                Recharge(room);
                MarkDirty(room);
                break;
            case ParticipantEvent.Left or ParticipantEvent.Removed or ParticipantEvent.SeatExpired: FreeSeat(room, seat); break;
            default: Invariant.Require(false, "every participant event has a fold"); break;
        }
    }

    private void TakeSeat(RoomState room, Seat seat)
    {
        Invariant.Require(!room.Seats.TryGet(seat.Identity, out _), "an identity has one seat in a room");
        SeatsOf(room).Put(seat);
        if (seat.Role == ParticipantRole.Publisher) room.Publishers++;
        SeatCount++;
        Recharge(room);
        if (room.Record.EmptySinceMs >= 0) Set(room, room.Record with { EmptySinceMs = -1 });
        else MarkDirty(room);
        ExpectJoin(room, seat);
    }

    private void FreeSeat(RoomState room, Seat seat)
    {
        SeatsOf(room).Remove(seat.Identity);
        if (seat.Role == ParticipantRole.Publisher) room.Publishers--;
        SeatCount--;
        Recharge(room);
        if (room.Seats.Count == 0 && room.Record.IsOpen) Set(room, room.Record with { EmptySinceMs = LastTime.UnixMs });
        else MarkDirty(room);
    }

    private void FreeSeats(RoomState room)
    {
        SeatCount -= (ulong)room.Seats.Count;
        (room.Seats, room.SeatsOfPicture) = (SeatSet.Empty, RoomState.SeatsShared);
        room.Publishers = 0;
        Recharge(room);
    }

    /// <summary>The room's seats, to be changed: a copy when the last snapshot holds these.</summary>
    private SeatSet SeatsOf(RoomState room)
    {
        if (room.SeatsOfPicture != _pictures) (room.Seats, room.SeatsOfPicture) = (room.Seats.Copy(), _pictures);
        return room.Seats;
    }

    private void ExpectJoin(RoomState room, Seat seat)
    {
        // Two stale ones go for each that comes: the queue stays as short as the seats that are really awaited.
        for (var i = 0; i < 2 && _seatDeadlines.TryPeek(out var head) && head.IsStale; i++) _seatDeadlines.Dequeue();
        if (room.Record.SeatDueMs(seat) is { } due)
            _seatDeadlines.Enqueue(new(due, room, room.Record.Owner!.Epoch, seat.Identity, seat.SeatId));
    }
}
