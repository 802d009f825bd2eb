using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Participants;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private void EvolveParticipant(ParticipantEvent happened, in EventContext context)
    {
        if (happened is ParticipantEvent.AdmissionDenied or SessionEvent) return; // remembered by the log alone
        var room = RoomOf(happened.Room);
        if (happened is ParticipantEvent.Admitted admitted)
        {
            TakeSeat(room, new Seat(admitted.Identity, context.Seq, admitted.Role, LastTime.UnixMs, Epoch.None));
            return;
        }
        var seats = SeatsOf(room);
        var held = seats.Find(happened.Identity, out var place);
        Invariant.Require(held, "an event about a seat follows its admission");
        var seat = seats[place];
        switch (happened)
        {
            case ParticipantEvent.Joined joined:
                seats[place] = seat with { JoinedEpoch = joined.Epoch };
                seat.IsSettled = joined.Epoch == room.Record.LastEpoch;
                if (room.Record.Details is { WasJoined: false } details)
                    Set(room, room.Record with { Details = details with { WasJoined = true } });
                else MarkDirty(room);
                break;
            case ParticipantEvent.RoleChanged changed:
                if (seat.Role == ParticipantRole.Publisher) room.Publishers--;
                if (changed.Role == ParticipantRole.Publisher) room.Publishers++;
                seats[place] = seat with { Role = changed.Role };
                Recharge(room);
                MarkDirty(room);
                break;
            case ParticipantEvent.Left or ParticipantEvent.Removed or ParticipantEvent.SeatExpired:
                seats.RemoveAt(place);
                seat.IsSettled = true;
                CountFreed(room, seat);
                break;
            default: Invariant.Require(false, "every participant event has a fold"); break;
        }
    }

    private void TakeSeat(RoomState room, Seat seat)
    {
        var seats = SeatsOf(room);
        var held = seats.Find(seat.Identity, out var place);
        Invariant.Require(!held, "an identity has one seat in a room");
        seats.Insert(place, seat);
        if (seat.Role == ParticipantRole.Publisher) room.Publishers++;
        SeatCount++;
        Recharge(room);
        if (room.Record.EmptySinceMs >= 0) Set(room, room.Record with { EmptySinceMs = -1 });
        else MarkDirty(room);
        ExpectJoin(room, seat);
    }

    private void CountFreed(RoomState room, Seat seat)
    {
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
            _seatDeadlines.Enqueue(new(due, room, room.Record.Owner!.Epoch, seat));
    }
}
