using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>
/// Opens a <see cref="LeaderTerm"/> when this replica comes to lead, closes it when it no longer does, and keeps its leases true to the
/// state.
/// </summary>
public sealed class LeaderTerms : IStateListener
{
    private readonly IReplicatedLog _log;
    private readonly ControlPlaneStateMachine _machine;
    private readonly LeaseClock _clock;
    private readonly long _silenceHoldMs;
    private LeaderTerm? _current; // apply thread

    public LeaderTerms(IReplicatedLog log, Leadership leadership, ControlPlaneStateMachine machine, LeaseClock clock,
        long silenceHoldMs = LeaseTable.DefaultSilenceHoldMs)
    {
        _log = log;
        _machine = machine;
        _clock = clock;
        _silenceHoldMs = silenceHoldMs;
        machine.Feed.Add(this);
        leadership.Listen(role => _log.Post(new Change(this, role)));
    }

    /// <summary>Null while this replica does not lead. Apply thread.</summary>
    public LeaderTerm? Current => _current;

    /// <summary>Called on the apply thread when a term opens (with it) or closes (with null).</summary>
    public event Action<LeaderTerm?>? Changed;

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (_current is not { } term) return;
        foreach (var applied in events)
        {
            switch (applied.Event)
            {
                case RoomEvent.Revoked or RoomEvent.Closing: Await(term, state, ((RoomEvent)applied.Event).Room); break;
                case RoomEvent.Released released: term.Leases.OwnershipEnded(released.Room, released.Epoch); break;
                case ControlPlane.Nodes.NodeEvent.Registered came:
                    term.Leases.Registered(came.Node, came.Description.Incarnation, _clock.NowMs); break;
                case ControlPlane.Nodes.NodeEvent.Deregistered gone: term.Leases.Forget(gone.Node, gone.Incarnation); break;
                case ControlPlane.Nodes.NodeEvent.Left left: term.Leases.Forget(left.Node, left.Incarnation); break;
                case ControlPlane.Nodes.NodeEvent.Lost lost: term.Leases.Forget(lost.Node, lost.Incarnation); break;
                case ClusterEvent.LeaseSettingsChanged: term.Leases.Rules = LeaseRules.Of(state.Cluster); break;
            }
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        // a leader is never restored from a peer's snapshot, but a table must not outlive its state
        if (_current is { } term) Open(term.Term, state);
    }

    private static void Await(LeaderTerm term, ClusterState state, Model.RoomId id)
    {
        if (state.FindRoom(id)?.Record.Owner is { IsRevoked: true } owner) term.Leases.RevokeApplied(id, owner);
    }

    private void Set(RoleChange role)
    {
        if (role.Role == ReplicaRole.Leader)
        {
            if (_current?.Term != role.Term) Open(role.Term, _machine.State);
        }
        else if (_current is not null)
        {
            _current = null;
            Changed?.Invoke(null);
        }
    }

    private void Open(ulong term, ClusterState state)
    {
        var leases = new LeaseTable(LeaseRules.Of(state.Cluster), _clock.NowMs) { SilenceHoldMs = _silenceHoldMs };
        foreach (var room in state.Revoked.InOrder()) leases.RevokeApplied(room.Record.Id, room.Record.Owner!);
        _current = new(term, leases);
        Changed?.Invoke(_current);
    }

    private sealed class Change(LeaderTerms terms, RoleChange role) : IApplyWork
    {
        public void Run(ulong appliedIndex) => terms.Set(role);
    }
}
