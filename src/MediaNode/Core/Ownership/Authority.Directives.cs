using System.Diagnostics;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>What the leader says.</summary>
public sealed partial class Authority
{
    /// <summary>Carries out a directive of the current stream.</summary>
    public void Apply(ulong stream, Directive directive, List<EndedSession> ended)
    {
        if (stream != _stream || _expelled || (!_welcomed && directive is not Directive.Expelled)) return;
        switch (directive)
        {
            case Directive.Assign assign: OnAssign(assign, ended); break;
            case Directive.Revoke revoke: OnRevoke(revoke, ended); break;
            case Directive.Seated seated: OnSeated(seated, ended); break;
            case Directive.Evict evict: OnEvict(evict, ended); break;
            case Directive.Expelled: OnExpelled(ended); break;
            default: throw new UnreachableException(directive.ToString());
        }
    }

    private void OnAssign(Directive.Assign assign, List<EndedSession> ended)
    {
        _carriedOutIndex = Math.Max(_carriedOutIndex, assign.LogIndex);
        var isHeld = _rooms.TryGetValue(assign.Room, out var held) && held.Epoch == assign.Epoch;
        // A room that is held is named again at each new stream; the common floor may have passed its epoch meanwhile.
        if (_leaving || (!isHeld && _floors.Forbids(assign.Room, assign.Epoch)))
        {
            End(assign.Room, assign.Epoch); // a late echo, or this process is on its way out: say so, so that nobody waits
            return;
        }
        if (held is not null && assign.Epoch < held.Epoch) return;
        if (held is not null && assign.Epoch > held.Epoch)
        {
            GiveUp(new Holding(held.Room, held.Epoch), ended);
            held = null;
        }
        if (held is null) _rooms.Add(assign.Room, held = new HeldRoom(assign.Room, assign.Epoch));
        held.Caps = assign.Caps;
        Reconcile(held, assign.Seats, ended);
    }

    /// <summary>The leader's list is all there is: seats it does not name were taken away while nobody could tell us.</summary>
    private void Reconcile(HeldRoom held, IReadOnlyList<Seat> seats, List<EndedSession> ended)
    {
        var named = seats.Select(seat => (seat.Identity, seat.SeatId)).ToHashSet();
        var identities = seats.Select(seat => seat.Identity).ToHashSet();
        foreach (var seat in held.Seats.All())
            if (!named.Contains((seat.Identity, seat.SeatId)))
                Unseat(held, seat.Identity, seat.SeatId, identities.Contains(seat.Identity) ? SessionEnd.Replaced : SessionEnd.Evicted,
                    ended);
        foreach (var seat in seats) Reserve(held, seat, ended);
    }

    private void OnRevoke(Directive.Revoke revoke, List<EndedSession> ended)
    {
        _carriedOutIndex = Math.Max(_carriedOutIndex, revoke.LogIndex);
        GiveUp(new Holding(revoke.Room, revoke.Epoch), ended);
    }

    private void OnSeated(Directive.Seated seated, List<EndedSession> ended)
    {
        if (_rooms.TryGetValue(seated.Room, out var held) && held.Epoch == seated.Epoch) Reserve(held, seated.Seat, ended);
    }

    private void OnEvict(Directive.Evict evict, List<EndedSession> ended)
    {
        if (_rooms.TryGetValue(evict.Room, out var held) && held.Epoch == evict.Epoch)
            Unseat(held, evict.Identity, evict.SeatId, SessionEnd.Evicted, ended);
    }

    private void OnExpelled(List<EndedSession> ended)
    {
        _expelled = true;
        _lease.End();
        foreach (var room in _rooms.Values) EndSessions(room, SessionEnd.Expelled, report: false, ended);
        _rooms.Clear();
        _reports.Clear(); // they carry epochs that are over
    }

    /// <summary>Ends ownership up to and including this epoch, and reports it even when the assignment never arrived here.</summary>
    private void GiveUp(Holding holding, List<EndedSession> ended)
    {
        if (_rooms.TryGetValue(holding.Room, out var held) && held.Epoch <= holding.Epoch)
        {
            EndSessions(held, SessionEnd.RoomGivenUp, report: false, ended); // their seats survive in the log
            _rooms.Remove(holding.Room);
            if (held.Epoch < holding.Epoch) End(held.Room, held.Epoch);
        }
        End(holding.Room, holding.Epoch);
    }

    private void End(RoomId room, Epoch epoch)
    {
        _floors.Raise(room, epoch);
        Invariant.Require(!_rooms.TryGetValue(room, out var held) || held.Epoch > epoch, "what has ended is not held");
        _reports.Add(new Report.Released(room, epoch));
    }
}
