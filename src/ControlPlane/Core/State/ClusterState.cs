using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Ordinal;
using VideoScale.ControlPlane.Participants;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

/// <summary>
/// The domain: exactly the fold of the event log. Mutable, one writer (the apply thread), every enumeration in ordinal order.
/// Deciders read it, only <see cref="Evolve"/> changes it.
/// </summary>
public sealed partial class ClusterState
{
    private readonly OrdinalIndex<NodeState> _nodes = new();
    private readonly OrdinalIndex<RoomState> _rooms = new();
    private readonly OrdinalIndex<RoomState> _revoked = new();
    private readonly SortedSet<RoomKey> _waiting = new(RoomKey.Order);
    private readonly SortedSet<RoomKey> _emptyDue = new(RoomKey.Order);
    private readonly SortedSet<RoomKey> _closed = new(RoomKey.Order);
    private readonly Queue<SeatDeadline> _seatDeadlines = new();

    public ClusterRecord Cluster { get; private set; } = ClusterRecord.Initial;

    /// <summary>event_seq of the last event folded in; 0 at the beginning.</summary>
    public ulong LastEventSeq { get; private set; }

    /// <summary>Time of the last event. Never goes back.</summary>
    public LogTime LastTime { get; private set; }

    /// <summary>Log index of the last event.</summary>
    public ulong LastEventIndex { get; private set; }

    /// <summary>Bytes of all rooms' metadata, closed ones' too while they are remembered.</summary>
    public long MetadataBytes { get; private set; }

    /// <summary>Seats taken in all rooms.</summary>
    public ulong SeatCount { get; private set; }

    /// <summary>Nodes that are healthy and take rooms.</summary>
    public int NodesTakingRooms { get; private set; }

    public OrdinalIndex<NodeState> Nodes => _nodes;

    /// <summary>All rooms, closed ones too for an hour of log time.</summary>
    public OrdinalIndex<RoomState> Rooms => _rooms;

    /// <summary>Rooms whose owner was told to give them up and has not yet.</summary>
    public OrdinalIndex<RoomState> Revoked => _revoked;

    public NodeState? FindNode(NodeId node) => node.Value is null ? null : _nodes.Find(node.Value);
    public RoomState? FindRoom(RoomId room) => room.Value is null ? null : _rooms.Find(room.Value);

    /// <summary>Open rooms without an owner, the longest waiting first.</summary>
    public IEnumerable<RoomState> WaitingForPlacement() => _waiting.Select(key => key.Room);
    public int WaitingCount => _waiting.Count;

    /// <summary>Its place among them, from 1. The last, which is who has just come, is found at once; others by counting.</summary>
    public int WaitingPosition(RoomState room) =>
        _waiting.Max.Room == room ? _waiting.Count : 1 + _waiting.TakeWhile(key => key.Room != room).Count();

    /// <summary>
    /// Those behind a room that was waiting (it may have been placed meanwhile), without walking over the ones before it.
    /// </summary>
    /// <param name="waitingSeq">event_seq of what that room waited for then: its record's cause.</param>
    public IEnumerable<RoomState> WaitingForPlacementAfter(RoomState room, ulong waitingSeq)
    {
        var from = new RoomKey((long)waitingSeq, room);
        return _waiting.GetViewBetween(from, new RoomKey(long.MaxValue, room)).Where(key => RoomKey.Order.Compare(key, from) > 0)
            .Select(key => key.Room);
    }

    /// <summary>Open rooms that have been empty for their timeout at <paramref name="now"/>, the longest due first.</summary>
    public IEnumerable<RoomState> EmptyTooLong(LogTime now) => _emptyDue.TakeWhile(key => key.Key <= now.UnixMs).Select(key => key.Room);

    /// <summary>Seats that nobody took in time at <paramref name="now"/>, the longest due first.</summary>
    public IEnumerable<(RoomState Room, Seat Seat)> SeatsNotTaken(LogTime now)
    {
        foreach (var deadline in _seatDeadlines)
        {
            if (deadline.DueMs > now.UnixMs) yield break;
            if (deadline.Find() is { } seat) yield return (deadline.Room, seat);
        }
    }

    /// <summary>Nodes being drained, in order of names.</summary>
    public IEnumerable<NodeState> Draining() => _nodes.InOrder().Where(node => node.Record.Scheduling == NodeScheduling.Draining);

    /// <summary>A room by a number that orders it (a time or an event_seq), then by its name.</summary>
    private readonly record struct RoomKey(long Key, RoomState Room)
    {
        public static readonly Comparer<RoomKey> Order = Comparer<RoomKey>.Create(static (a, b) =>
            a.Key != b.Key ? a.Key.CompareTo(b.Key) : string.CompareOrdinal(a.Room.Name, b.Room.Name));
    }

    /// <summary>Stands in a queue, since log time and with it every deadline only grows; stale ones are dropped when met.</summary>
    private readonly record struct SeatDeadline(long DueMs, RoomState Room, Epoch Epoch, Seat Awaited)
    {
        /// <summary>The seat, while it is still awaited under the ownership this deadline was set for.</summary>
        public Seat? Find() =>
            !Awaited.IsSettled && Room.Record.Owner?.Epoch == Epoch && Room.Seats.TryGet(Awaited.Identity, out var seat)
                && seat.SeatId == Awaited.SeatId && Room.Record.SeatDueMs(seat) == DueMs ? seat : null;
        public bool IsStale => Find() is null;
    }
}
