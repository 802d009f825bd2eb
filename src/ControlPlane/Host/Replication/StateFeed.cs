using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Tells listeners what a run of entries changed, at its end. Apply thread; <see cref="Add"/> from any.</summary>
public sealed class StateFeed
{
    private readonly Lock _gate = new();
    private readonly List<AppliedEvent> _events = [];
    private volatile IStateListener[] _listeners = [];

    public void Add(IStateListener listener)
    {
        lock (_gate) _listeners = [.. _listeners, listener];
    }

    internal void Collect(DomainEvent happened, in EventContext context)
    {
        if (_listeners.Length > 0) _events.Add(new(happened, context));
    }

    internal void Publish(ulong appliedIndex, ClusterState state)
    {
        foreach (var listener in _listeners) listener.OnApplied(appliedIndex, _events, state);
        _events.Clear();
    }

    internal void PublishRestored(ulong appliedIndex, ClusterState state)
    {
        _events.Clear();
        foreach (var listener in _listeners) listener.OnRestored(appliedIndex, state);
    }
}
