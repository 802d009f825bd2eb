using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Gateway.Ports;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Where rooms stand as this replica has applied it, for the gateway of this process.</summary>
public sealed class RoomPlaces : IRoomPlaces, IStateListener
{
    /// <summary>Clients wait 5 s for the first word.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(10);

    private readonly StateQueries _queries;
    private readonly Func<bool> _isReady;
    private readonly RoomSignals _signals = new();
    private readonly RemovedSeats _removed = new();
    private volatile IRoomObserver? _observer;
    private bool _wasReady;

    public RoomPlaces(StateQueries queries, Func<bool> isReady) => (_queries, _isReady) = (queries, isReady);

    /// <summary>What of it follows state.</summary>
    internal IEnumerable<IStateListener> Listeners => [_signals, _removed, this];

    public async ValueTask<RoomPlace?> LookAsync(RoomId room, string seat = "")
    {
        var place = await _queries.ReadNowAsync((room, seat),
            static (state, index, about) => Describe(state, index, about.room, about.seat));
        if (place is null || seat.Length == 0 || _removed.Find(room, seat) is not (> 0 and var removed)) return place;
        return place with { RemovedSeatId = removed };
    }

    public ValueTask<RoomPlace?> LookLinearizablyAsync(RoomId room, CancellationToken cancellationToken) =>
        _queries.ReadAsync(ReadMode.Linearizable, room, static (state, index, id) => Describe(state, index, id, ""), cancellationToken);

    public IRoomChanges Follow(RoomId room) => _signals.Follow(room);

    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)StartTime.TotalMilliseconds;
        while (!_wasReady && !(_wasReady = _isReady()) && Environment.TickCount64 < until) await Task.Delay(StartPoll, cancellationToken);
    }

    public ValueTask<IReadOnlyDictionary<string, string>> NodeAddressesAsync() =>
        _queries.ReadNowAsync<int, IReadOnlyDictionary<string, string>>(0,
        static (state, _, _) => state.Nodes.InOrder()
            .ToDictionary(static node => node.Name, static node => node.Record.Description.Address, StringComparer.Ordinal));

    public void Observe(IRoomObserver observer) => _observer = observer;

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events)
            if (applied.Event is RoomEvent.Updated { Changed: not RoomParts.Name } updated) _observer?.OnUpdated(updated.Room);
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) => _observer?.OnRestored();

    private static RoomPlace? Describe(ClusterState state, ulong appliedIndex, RoomId id, string seat)
    {
        if (state.FindRoom(id) is not { } room) return null;
        var record = room.Record;
        var address = record.Status == RoomStatus.Active ? state.FindNode(record.Owner!.Node)?.Record.Description.Address ?? "" : "";
        var held = seat.Length > 0 && room.Seats.TryGet(new ParticipantIdentity(seat), out var found)
            ? new SeatPlace(found.SeatId, (V1.ParticipantRole)found.Role, HasJoined: found.JoinedEpoch == record.LastEpoch) : null;
        return new RoomPlace((V1.RoomStatus)record.Status, record.LastEpoch.Value, address, room.Participants, room.ToWire(), appliedIndex,
            held);
    }
}
