using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>
/// The media nodes attached to this leader. Each gets the full picture of its rooms when it comes, and from then on what the log changes of
/// it, without a gap: both happen on the apply thread, which knows where one ends and the other begins.
/// </summary>
public sealed class AgentHub : IStateListener
{
    private readonly IReplicatedLog _log;
    private readonly ControlPlaneStateMachine _machine;
    private readonly LeaderTerms _terms;
    private readonly LeaderForwarder _forwarder;
    private readonly bool _tellsSessions;
    private readonly ConcurrentDictionary<NodeId, AgentSession> _sessions = new();

    public AgentHub(IReplicatedLog log, ControlPlaneStateMachine machine, LeaderTerms terms, LeaderForwarder forwarder,
        bool tellsSessions = false)
    {
        _tellsSessions = tellsSessions;
        _log = log;
        _machine = machine;
        _terms = terms;
        _forwarder = forwarder;
        terms.Changed += _ => EndAll(StatusCode.FailedPrecondition, "this replica does not lead any more");
    }

    internal ICollection<AgentSession> Sessions => _sessions.Values;

    internal bool IsCurrent(AgentSession session) =>
        _sessions.TryGetValue(session.Node, out var current) && ReferenceEquals(current, session);

    /// <summary>Lets a registered node in: Welcome and the full picture are queued first, then come the log's changes.</summary>
    /// <returns>False when this replica does not lead (any more), or the incarnation is over.</returns>
    public Task<bool> JoinAsync(AgentSession session)
    {
        var join = new Join(this, session);
        _log.Post(join);
        return join.Done;
    }

    internal void Leave(AgentSession session)
    {
        if (((ICollection<KeyValuePair<NodeId, AgentSession>>)_sessions).Remove(new(session.Node, session)))
            _log.Post(new Ended(this, session));
    }

    /// <summary>
    /// Whether another process has the name and lives: then this one is not registered, however often it asks, so that the two do not take
    /// turns.
    /// </summary>
    /// <returns>The refusal; null when the name is free, or was held by a process that is over or silent.</returns>
    public Task<Failure?> FindLivingIncumbentAsync(NodeDescription description, LeaseClock clock)
    {
        var question = new Question(this, description, clock);
        _log.Post(question);
        return question.Done;
    }

    public void EndAll(StatusCode status, string reason)
    {
        foreach (var session in _sessions.Values)
        {
            session.End(status, reason, _forwarder.LeaderAddress);
            Leave(session);
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) =>
        EndAll(StatusCode.Unavailable, "this replica's state was replaced by a snapshot");

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (_sessions.IsEmpty) return;
        foreach (var applied in events)
        {
            var index = applied.Context.Index;
            switch (applied.Event)
            {
                case RoomEvent.Placed e: TellPlaced(state, e, index); break;
                case RoomEvent.Updated e when e.Changed.HasFlag(RoomParts.MaxParticipants): TellCaps(state, e.Room, index); break;
                case RoomEvent.Revoked e:
                    Tell(e.Node, null, index, () => DirectiveMapping.Revoke(e.Room, e.Epoch, index, e.Reason.Words())); break;
                case RoomEvent.Closing e when state.FindRoom(e.Room)?.Record.LastNode is { IsNone: false } node:
                    Tell(node, null, index, () => DirectiveMapping.Revoke(e.Room, e.Epoch, index, RevokeReason.Close.Words()));
                    break;
                case ParticipantEvent.Admitted e: TellSeat(state, e.Room, e.Identity, index); break;
                case ParticipantEvent.RoleChanged e: TellSeat(state, e.Room, e.Identity, index); break;
                case ParticipantEvent.Removed e: TellEvicted(state, e.Room, e.Identity, e.SeatId, index); break;
                case ParticipantEvent.SeatExpired e: TellEvicted(state, e.Room, e.Identity, e.SeatId, index); break;
                case NodeEvent.Lost e:
                    Expel(e.Node, session => session.Incarnation == e.Incarnation, "its lease expired in the log"); break;
                case NodeEvent.Registered e:
                    Expel(e.Node, session => session.Incarnation != e.Description.Incarnation, "a new process took its name"); break;
                case NodeEvent.Deregistered e: Expel(e.Node, session => session.Incarnation == e.Incarnation, "it was deregistered"); break;
            }
        }
    }

    private void TellPlaced(ClusterState state, RoomEvent.Placed placed, ulong index)
    {
        // over already
        if (state.FindRoom(placed.Room) is not { } room || room.Record.Owner is not { IsRevoked: false } owner
            || owner.Epoch != placed.Epoch) return;
        Tell(placed.Node, placed.Incarnation, index, () => DirectiveMapping.Assign(room, owner, index));
    }

    /// <summary>An assignment that is told again brings the caps that hold now.</summary>
    private void TellCaps(ClusterState state, RoomId id, ulong index)
    {
        if (state.FindRoom(id) is { Record.Owner: { IsRevoked: false } owner } room)
            Tell(owner.Node, owner.Incarnation, index, () => DirectiveMapping.Assign(room, owner, index));
    }

    private void TellSeat(ClusterState state, RoomId id, ParticipantIdentity identity, ulong index)
    {
        if (state.FindRoom(id) is not { } room || room.Record.Owner is not { IsRevoked: false } owner
            || !room.Seats.TryGet(identity, out var seat)) return;
        Tell(owner.Node, owner.Incarnation, index, () => DirectiveMapping.Seat(room, owner, seat));
    }

    private void TellEvicted(ClusterState state, RoomId id, ParticipantIdentity identity, ulong seatId, ulong index)
    {
        if (state.FindRoom(id)?.Record.Owner is { } owner)
            Tell(owner.Node, owner.Incarnation, index, () => DirectiveMapping.Evict(id, owner.Epoch, identity, seatId));
    }

    private void Tell(NodeId node, ulong? incarnation, ulong index, Func<AgentDirective> make)
    {
        if (_sessions.TryGetValue(node, out var session) && (incarnation is null || incarnation == session.Incarnation)
            && index > session.FromIndex) session.Tell(make());
    }

    private void Expel(NodeId node, Func<AgentSession, bool> isOver, string reason)
    {
        if (!_sessions.TryGetValue(node, out var session) || !isOver(session)) return;
        session.Expel(reason);
        Leave(session);
    }

    private bool Admit(AgentSession session, ulong appliedIndex)
    {
        if (_terms.Current is not { } term) return false;
        if (_machine.State.FindNode(session.Node) is not { } node || node.Record.Incarnation != session.Incarnation || node.Record.IsGone)
            return false;
        session.FromIndex = appliedIndex;
        session.Term = term.Term;
        term.Leases.StreamBegan(session.Node, session.Incarnation);
        session.Tell(new AgentDirective
        {
            Welcome = new Welcome
            {
                AppliedIndex = appliedIndex,
                Term = term.Term,
                LeaseTtlMs = term.Leases.Rules.Settings.TtlMs,
                HeartbeatMs = term.Leases.Rules.Settings.HeartbeatMs,
                TellsSessions = _tellsSessions,
            },
        });
        Picture(session, node, appliedIndex);
        if (_sessions.TryGetValue(session.Node, out var before)) before.End(StatusCode.Aborted, "the node attached anew");
        _sessions[session.Node] = session;
        return true;
    }

    /// <summary>All rooms of the node; and of what it said it holds, what is not its own.</summary>
    private static void Picture(AgentSession session, NodeState node, ulong appliedIndex)
    {
        foreach (var room in node.Rooms.InOrder())
        {
            if (room.Record.Owner is not { } owner || owner.Incarnation != session.Incarnation) continue;
            session.Tell(owner.IsRevoked
                ? DirectiveMapping.Revoke(room.Record.Id, owner.Epoch, owner.Revoke.Index, owner.RevokeReason.Words())
                : DirectiveMapping.Assign(room, owner, appliedIndex));
        }
        foreach (var held in session.Held)
        {
            if (!node.Rooms.TryGet(held.RoomId, out var room) || room.Record.Owner!.Epoch.Value != held.Epoch
                || room.Record.Owner.Incarnation != session.Incarnation)
                session.Leftovers.Add(held);
        }
        session.ForgetHeld();
    }

    private Failure? LivingIncumbent(NodeDescription description, long nowMs)
    {
        if (_terms.Current is not { } term || _machine.State.FindNode(description.Node)?.Record is not { IsGone: false } present)
            return null;
        if (present.Incarnation == description.Incarnation || present.FencedIncarnations.Contains(description.Incarnation)) return null;
        return !term.Leases.IsAlive(present.Id, present.Incarnation, nowMs) ? null : new Failure(FailureCode.AlreadyExists,
            $"node {present.Id} runs already, as incarnation {present.Incarnation:x} at {present.Description.Address}, and is heard: two "
                + $"processes have one name (was a machine's image copied?). "
            + $"Give one of them another NodeId; this one ({description.Incarnation:x} at {description.Address}) may have the name when "
                + $"the other has stopped");
    }

    private sealed class Question(AgentHub hub, NodeDescription description, LeaseClock clock) : IApplyWork
    {
        private readonly TaskCompletionSource<Failure?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        internal Task<Failure?> Done => _done.Task;
        public void Run(ulong appliedIndex) => _done.SetResult(hub.LivingIncumbent(description, clock.NowMs));
    }

    private sealed class Ended(AgentHub hub, AgentSession session) : IApplyWork
    {
        public void Run(ulong appliedIndex)
        {
            if (hub._terms.Current is { } term && term.Term == session.Term)
                term.Leases.StreamEnded(session.Node, session.Incarnation, session.SaidLeaving);
        }
    }

    private sealed class Join(AgentHub hub, AgentSession session) : IApplyWork
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        internal Task<bool> Done => _done.Task;
        public void Run(ulong appliedIndex) => _done.SetResult(hub.Admit(session, appliedIndex));
    }
}
