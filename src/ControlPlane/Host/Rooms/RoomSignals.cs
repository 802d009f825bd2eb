using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Gateway.Ports;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Wakes those who follow a room when it changes hands, or ends. Of a room that nobody follows it keeps nothing.</summary>
internal sealed class RoomSignals : IStateListener
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RoomId, Followed> _rooms = [];

    internal int Count { get { lock (_gate) return _rooms.Count; } }

    internal IRoomChanges Follow(RoomId room)
    {
        lock (_gate)
        {
            if (!_rooms.TryGetValue(room, out var followed)) _rooms.Add(room, followed = new Followed());
            followed.Followers++;
            return new Follower(this, room, followed);
        }
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        lock (_gate)
        {
            if (_rooms.Count == 0) return;
            foreach (var applied in events)
                if (applied.Event is RoomEvent happened && _rooms.TryGetValue(happened.Room, out var followed)) followed.Wake();
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        lock (_gate)
        {
            foreach (var followed in _rooms.Values) followed.Wake();
        }
    }

    private void LetGo(RoomId room, Followed followed)
    {
        lock (_gate)
        {
            if (--followed.Followers == 0) _rooms.Remove(room);
        }
    }

    private sealed class Followed
    {
        private TaskCompletionSource _next = New();

        internal int Followers { get; set; }
        internal Task Next => Volatile.Read(ref _next).Task;

        internal void Wake() => Interlocked.Exchange(ref _next, New()).TrySetResult();

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Follower(RoomSignals signals, RoomId room, Followed followed) : IRoomChanges
    {
        private int _disposed;

        public Task Next => followed.Next;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) signals.LetGo(room, followed);
        }
    }
}
