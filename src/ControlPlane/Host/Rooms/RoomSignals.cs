using System.Collections.Concurrent;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Wakes those who wait for a room to change hands, or to end.</summary>
internal sealed class RoomSignals : IStateListener
{
    private readonly ConcurrentDictionary<RoomId, TaskCompletionSource> _waiting = [];

    /// <summary>Completes with the room's next event. Take it before looking at the room, or a change may be missed.</summary>
    internal Task Next(RoomId room) =>
        _waiting.GetOrAdd(room, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (_waiting.IsEmpty) return;
        foreach (var applied in events)
            if (applied.Event is RoomEvent happened && _waiting.TryRemove(happened.Room, out var waiting)) waiting.TrySetResult();
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        foreach (var room in _waiting.Keys)
            if (_waiting.TryRemove(room, out var waiting)) waiting.TrySetResult();
    }
}
