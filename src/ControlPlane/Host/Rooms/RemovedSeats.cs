using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>
/// Seats whose holders were removed, as long as they have had no other since: their clients are told so wherever they ask, also when the
/// node that could say it is gone.
/// </summary>
/// <remarks>
/// What this replica has applied since it started, or since a snapshot took the place of its state; whoever was removed before begins anew.
/// </remarks>
internal sealed class RemovedSeats : IStateListener
{
    /// <summary>Clients ask within a minute; the oldest are forgotten first.</summary>
    internal const int MaxSeats = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(RoomId Room, string Seat), ulong> _removed = [];
    private readonly Queue<((RoomId, string) Key, ulong SeatId)> _oldestFirst = [];

    /// <returns>The id of the identity's seat that was removed last; 0 when it has left by itself since, or was never removed.</returns>
    internal ulong Find(RoomId room, string seat)
    {
        lock (_gate) return _removed.GetValueOrDefault((room, seat));
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events)
        {
            if (applied.Event is ParticipantEvent.Removed removed) Keep((removed.Room, removed.Identity.Value), removed.SeatId);
            else if (applied.Event is ParticipantEvent.Left or ParticipantEvent.SeatExpired) Forget((ParticipantEvent)applied.Event);
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        lock (_gate)
        {
            _removed.Clear();
            _oldestFirst.Clear();
        }
    }

    private void Keep((RoomId, string) key, ulong seatId)
    {
        lock (_gate)
        {
            _removed[key] = seatId;
            _oldestFirst.Enqueue((key, seatId));
            if (_oldestFirst.Count <= MaxSeats) return;
            var oldest = _oldestFirst.Dequeue();
            if (_removed.GetValueOrDefault(oldest.Key) == oldest.SeatId) _removed.Remove(oldest.Key);
        }
    }

    private void Forget(ParticipantEvent later)
    {
        lock (_gate) _removed.Remove((later.Room, later.Identity.Value));
    }
}
