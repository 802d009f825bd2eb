using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>Seats: granted only under a running lease and the current epoch.</summary>
public sealed partial class Authority
{
    /// <summary>Takes up a reserved seat. Asking again for a seat that is taken by the same participant changes nothing.</summary>
    /// <param name="described">Who takes it; told before the seat is reported as taken.</param>
    public SeatDecision TakeSeat(long nowNs, RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId,
        SessionFact? described = null)
    {
        if (!_lease.HoldsAt(nowNs))
            return SeatDecision.Refuse(SeatRefusalKind.LeaseEnded,
                Failure.Precondition("this node's lease has ended: ask the control plane which node owns the room"));
        if (RefuseEpoch(room, epoch, out var held) is { } refusal) return refusal;
        var seat = held!.Seats.Find(identity);
        if (seat is null || seat.SeatId != seatId || _reports.Holds(new Report.Left(room, epoch, identity, seatId)))
            return SeatDecision.Refuse(SeatRefusalKind.SeatUnknown,
                Failure.Precondition($"room {room} has no seat {seatId} for {identity} here: admit the participant first"));
        var hasJoined = held.Seats.HasJoined(identity, seatId);
        if (!hasJoined && RefuseCaps(held, seat) is { } full) return SeatDecision.Refuse(SeatRefusalKind.CapReached, full);
        if (described is not null && Telling > 0) _reports.Add(new Report.Session(room, epoch, identity, seatId, described));
        if (!hasJoined)
        {
            held.Seats.Join(seat);
            Count(seat, +1);
            _reports.Add(new Report.Joined(room, epoch, identity, seatId));
        }
        Invariant.Require(HasAuthority(room, epoch, nowNs), "a seat is granted under authority only");
        return new SeatDecision(new SeatGrant(epoch, _lease.LeftMs(nowNs)), null, null);
    }

    /// <summary>Reports something of a session that has a seat here; nothing while nobody is told.</summary>
    public void Tell(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId, SessionFact fact)
    {
        if (Telling == 0 || RefuseEpoch(room, epoch, out var held) is not null || !held!.Seats.HasJoined(identity, seatId)
            || _reports.Count >= options.MaxPendingReports) return;
        _reports.Add(new Report.Session(room, epoch, identity, seatId, fact));
    }

    /// <summary>Gives a seat up. A fact, not a grant: it needs no lease, and a repeat changes nothing.</summary>
    public Failure? LeaveSeat(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId)
    {
        if (RefuseEpoch(room, epoch, out var held) is { } refusal) return refusal.Failure;
        if (held!.Seats.Find(identity) is not { } seat || seat.SeatId != seatId) return null;
        if (held.Seats.Remove(identity, seatId)) Count(seat, -1);
        _reports.Add(new Report.Left(room, epoch, identity, seatId));
        return null;
    }

    private SeatDecision? RefuseEpoch(RoomId room, Epoch epoch, out HeldRoom? held)
    {
        if (!_rooms.TryGetValue(room, out held))
        {
            var over = _floors.Forbids(room, epoch);
            return SeatDecision.Refuse(over ? SeatRefusalKind.StaleEpoch : SeatRefusalKind.RoomNotHeld,
                Failure.Precondition($"this node does not hold room {room}{(over ? $": epoch {epoch.Value} is over" : "")}"));
        }
        if (epoch == held.Epoch) return null;
        return epoch < held.Epoch
            ? SeatDecision.Refuse(SeatRefusalKind.StaleEpoch,
                Failure.Precondition($"epoch: {epoch.Value} is over; this node holds room {room} under epoch {held.Epoch.Value}"))
            : SeatDecision.Refuse(SeatRefusalKind.EpochAhead,
                Failure.Precondition(
                $"epoch: {epoch.Value} has not reached this node; it holds room {room} under epoch {held.Epoch.Value}"));
    }

    private Failure? RefuseCaps(HeldRoom held, Seat seat)
    {
        var publishes = seat.Role == SeatRole.Publisher;
        if (_reports.Count >= options.MaxPendingReports)
            return Failure.Exhausted(
                $"{_reports.Count} reports of this node wait for the control plane; the cap is {options.MaxPendingReports}");
        if (held.Caps.Participants != 0 && held.Seats.Joined >= held.Caps.Participants)
            return Failure.Exhausted(
                $"room {held.Room} has {held.Seats.Joined} participants; max_participants is {held.Caps.Participants}");
        if (publishes && held.Caps.Publishers != 0 && held.Seats.JoinedPublishers >= held.Caps.Publishers)
            return Failure.Exhausted(
                $"room {held.Room} has {held.Seats.JoinedPublishers} publishers; max_publishers is {held.Caps.Publishers}");
        if (_joined >= options.NodeCaps.Subscribers)
            return Failure.Exhausted($"this node has {_joined} subscribers; its capacity is {options.NodeCaps.Subscribers}");
        if (publishes && _joinedPublishers >= options.NodeCaps.Publishers)
            return Failure.Exhausted($"this node has {_joinedPublishers} publishers; its capacity is {options.NodeCaps.Publishers}");
        return null;
    }

    private void Reserve(HeldRoom held, Seat seat, List<EndedSession> ended)
    {
        // the leader has not heard yet that they left
        if (_reports.Holds(new Report.Left(held.Room, held.Epoch, seat.Identity, seat.SeatId))) return;
        var before = held.Seats.Find(seat.Identity);
        var hadJoined = before is not null && held.Seats.HasJoined(before.Identity, before.SeatId);
        var replaced = held.Seats.Reserve(seat);
        if (hadJoined) Count(before!, -1);
        if (hadJoined && replaced is null) Count(held.Seats.Find(seat.Identity)!, +1);
        if (replaced is not null) ended.Add(new EndedSession(held.Room, replaced.Identity, replaced.SeatId, SessionEnd.Replaced));
    }

    private void Unseat(HeldRoom held, ParticipantIdentity identity, ulong seatId, SessionEnd why, List<EndedSession> ended)
    {
        var seat = held.Seats.Find(identity);
        if (!held.Seats.Remove(identity, seatId)) return;
        Count(seat!, -1);
        ended.Add(new EndedSession(held.Room, identity, seatId, why));
    }

    private void EndSessions(HeldRoom held, SessionEnd why, bool report, List<EndedSession> ended)
    {
        foreach (var seat in held.Seats.JoinedSeats().ToArray())
        {
            Unseat(held, seat.Identity, seat.SeatId, why, ended);
            if (report) _reports.Add(new Report.Left(held.Room, held.Epoch, seat.Identity, seat.SeatId));
        }
    }

    private void Count(Seat seat, int change)
    {
        _joined = (uint)(_joined + change);
        if (seat.Role == SeatRole.Publisher) _joinedPublishers = (uint)(_joinedPublishers + change);
    }
}
