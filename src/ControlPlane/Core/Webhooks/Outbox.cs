using System.Collections.Immutable;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>
/// What waits for one receiver: messages of a room one after the other, rooms beside each other. A room whose message fails while others
/// go through is held: the position goes past it, and it goes on from where it was. Sans-IO; mutable, one caller at a time.
/// </summary>
public sealed partial class Outbox<T>
{
    private readonly OutboxRules _rules;
    private readonly Func<long, long> _chance;
    private readonly SortedDictionary<RoomId, Lane<T>> _lanes = [];
    private readonly SortedDictionary<MessageRef, Lane<T>> _replays = [];
    private readonly Queue<WindowEntry> _window = new();
    private readonly PriorityQueue<Lane<T>, long> _due = new();
    private readonly HashSet<RoomId> _failedInRow = [];
    private ulong _read;
    private int _underWay, _inWindow, _held;
    private int _failuresInRow;
    private long _lastTakenMs = long.MinValue, _downUntilMs, _nowMs;

    /// <param name="chance">A number from 0 to below what it is given.</param>
    /// <param name="record">Where the receiver is.</param>
    public Outbox(OutboxRules rules, Func<long, long> chance, WebhookRecord record)
    {
        (_rules, _chance, _read, _dead) = (rules, chance, record.Position, record.Dead.Length);
        foreach (var held in record.Held)
        {
            _lanes.Add(held.Room, new Lane<T>(held.Room, isReplay: false) { IsHeld = true, LoadFrom = held.FromSeq });
            _held++;
        }
        _marked = new(record.Position, record.Held);
    }

    /// <summary>Last event that was offered.</summary>
    public ulong Read => _read;

    /// <summary>Nothing further is to be read from the log for now.</summary>
    public bool IsFull => _inWindow >= _rules.Window;

    public int UnderWay => _underWay;

    /// <summary>Messages in memory that were not taken.</summary>
    public int Waiting => _lanes.Values.Sum(lane => lane.Waiting.Count) + _replays.Count;

    public int HeldRooms => _held;

    public bool IsDown => _failuresInRow >= _rules.DownAfter && _failedInRow.Count >= _rules.DownRooms;

    /// <summary>Log time of the oldest message in memory that was not taken; null when none waits.</summary>
    public long? OldestMs => _lanes.Values.Where(lane => lane.Waiting.Count > 0).Min(lane => (long?)lane.Waiting.Peek().AtMs);

    /// <summary>What comes of the next event of the log that may bring any; events come in order.</summary>
    public void Offer(ulong seq, RoomId room, IReadOnlyList<Delivery<T>> messages)
    {
        Invariant.Require(seq > _read, "events are offered in order");
        _read = seq;
        if (messages.Count == 0) return;
        if (!_lanes.TryGetValue(room, out var lane)) _lanes.Add(room, lane = new Lane<T>(room, isReplay: false));
        if (lane.LoadFrom != 0) return; // it comes to this event by the log
        if (lane.IsHeld && lane.Waiting.Count >= _rules.HeldWindow)
        {
            lane.LoadFrom = seq;
            return;
        }
        var entry = lane.IsHeld ? null : new WindowEntry(seq, messages.Count);
        foreach (var message in messages) Add(lane, message, entry);
        if (entry is null) return;
        _window.Enqueue(entry);
        _inWindow += messages.Count;
    }

    /// <summary>Held rooms that go on, with the event from which their messages are to be read.</summary>
    public IReadOnlyList<HeldRoom> ToLoad() =>
        _held == 0 ? [] : [.. _lanes.Values.Where(lane => lane.LoadFrom != 0 && lane.Waiting.Count == 0 && !lane.IsUnderWay)
            .Select(lane => new HeldRoom(lane.Room, lane.LoadFrom))];

    /// <param name="next">The first event that was not read any more; 0 when all up to <see cref="Read"/> were.</param>
    public void Load(RoomId room, IReadOnlyList<Delivery<T>> messages, ulong next)
    {
        var lane = _lanes[room];
        Invariant.Require(lane is { IsHeld: true, LoadFrom: > 0 }, "what was asked for is loaded");
        foreach (var message in messages) Add(lane, message);
        lane.LoadFrom = next;
        Forget(lane);
    }

    /// <summary>A dead letter that is sent again; once.</summary>
    public void Replay(Delivery<T> message)
    {
        if (_replays.ContainsKey(message.Message)) return;
        var lane = new Lane<T>(message.Room, isReplay: true);
        _replays.Add(message.Message, lane);
        Add(lane, message);
    }

    public bool IsReplaying(MessageRef message) =>
        _replays.ContainsKey(message) || _settled.Contains(message) || _returned.Contains(message);

    /// <summary>Dead letters on record, as of after the last mark.</summary>
    public void Remember(int dead) => _dead = dead + _newDead.Count;

    /// <summary>What is to be sent now: the caller answers each.</summary>
    public IReadOnlyList<Delivery<T>> Take(long nowMs)
    {
        var taken = new List<Delivery<T>>();
        _nowMs = nowMs;
        if (IsDown)
        {
            if (_underWay > 0 || nowMs < _downUntilMs) return taken;
            // One at a time, and not the same again: it may be the message, and not the receiver.
            if (Lanes().Where(CanSend).MinBy(lane => lane.LastTriedMs) is { } probe) Begin(probe, nowMs, taken);
            return taken;
        }
        while (_underWay < _rules.Together && NextDue() is { } lane && lane.DueMs <= nowMs)
        {
            _due.Dequeue();
            Begin(lane, nowMs, taken);
        }
        return taken;
    }

    /// <summary>When there is something to send, if nothing else happens; null when nothing waits but for answers.</summary>
    public long? DueMs()
    {
        if (IsDown) return _underWay > 0 || !Lanes().Any(CanSend) ? null : _downUntilMs;
        return _underWay >= _rules.Together ? null : NextDue()?.DueMs;
    }

    /// <summary>The first of those that may be sent; what is said of others there is over.</summary>
    private Lane<T>? NextDue()
    {
        while (_due.TryPeek(out var lane, out var dueMs))
        {
            if (CanSend(lane) && lane.DueMs == dueMs) return lane;
            _due.Dequeue();
        }
        return null;
    }

    private IEnumerable<Lane<T>> Lanes() => _replays.Values.Concat(_lanes.Values);

    private static bool CanSend(Lane<T> lane) => !lane.IsUnderWay && lane.Waiting.Count > 0;

    private void Add(Lane<T> lane, Delivery<T> message, WindowEntry? entry = null)
    {
        (message.Lane, message.Entry) = (lane, entry);
        lane.Waiting.Enqueue(message);
        if (lane.Waiting.Count == 1 && !lane.IsUnderWay) Schedule(lane, _nowMs);
    }

    private void Schedule(Lane<T> lane, long dueMs)
    {
        lane.DueMs = dueMs;
        _due.Enqueue(lane, dueMs);
    }

    private void Begin(Lane<T> lane, long nowMs, List<Delivery<T>> taken)
    {
        (lane.IsUnderWay, lane.LastTriedMs) = (true, nowMs);
        _underWay++;
        taken.Add(lane.Waiting.Peek());
    }
}
