using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>One event as it was folded in.</summary>
public readonly record struct AppliedEvent(DomainEvent Event, EventContext Context);

/// <summary>Follows replicated state. Called on the apply thread: must be quick, must not throw, must not keep the state.</summary>
public interface IStateListener
{
    /// <summary>A run of entries was applied.</summary>
    void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state);

    /// <summary>The whole state was replaced by a snapshot's.</summary>
    void OnRestored(ulong appliedIndex, ClusterState state);
}
