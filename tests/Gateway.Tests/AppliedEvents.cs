using System.Collections.Concurrent;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;

namespace VideoScale.Gateway.Tests;

/// <summary>Remembers what a replica has applied.</summary>
internal sealed class AppliedEvents : IStateListener
{
    private readonly ConcurrentQueue<AppliedEvent> _events = new();

    internal IEnumerable<AppliedEvent> Of(string room) =>
        _events.Where(e => e.Event is RoomEvent happened && happened.Room.Value == room
            || e.Event is ParticipantEvent seat && seat.Room.Value == room);

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events) _events.Enqueue(applied);
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }
}
