using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Fleets;

/// <summary>
/// The leader's <see cref="FleetView"/>, kept true to what is applied, to what nodes measure, and to its own decisions that are still on
/// their way. Its lock is held for one decision or one refresh.
/// </summary>
public sealed class Fleet : IStateListener, IRoomPlacer
{
    private static readonly PlacementPolicy Policy = PlacementPolicy.Forecast;
    private readonly Lock _gate = new();
    private readonly FleetView _view = new();
    private readonly HashSet<NodeId> _touched = []; // apply thread
    private readonly LeaseClock _clock;
    private readonly Leadership _leadership;
    private readonly ReplicaMetrics _metrics;
    private readonly PlacementSettings _settings;
    private readonly RoomQueue _queue;

    public Fleet(LeaseClock clock, Leadership leadership, RoomQueue queue, ReplicaMetrics metrics, PlacementSettings? settings = null)
    {
        _clock = clock;
        _leadership = leadership;
        _queue = queue;
        _metrics = metrics;
        _settings = settings ?? PlacementSettings.Default;
    }

    /// <summary>Decisions that are charged and not settled.</summary>
    public int PendingCount { get { lock (_gate) return _view.PendingCount; } }

    /// <summary>Decides for a room that is being created, when the command brings no decision yet.</summary>
    public CommandEnvelope Place(CommandEnvelope envelope, out Failure? refusal)
    {
        refusal = null;
        switch (envelope.Command)
        {
            case RoomCommand.Create { Placement: null } create:
                var placed = Decide(create.Room, create.Settings, out refusal);
                return envelope with { Command = create with { Placement = placed, PlacementTerm = _leadership.Term } };
            case RoomCommand.Open { Placement: null } open:
                var opened = Decide(open.Room, open.Settings, out refusal);
                return envelope with { Command = open with { Placement = opened, PlacementTerm = _leadership.Term } };
            default: return envelope;
        }
    }

    /// <summary>The fate of a command is known, or given up on.</summary>
    public void Done(CommandEnvelope envelope)
    {
        if (envelope.Command is not (RoomCommand.Create or RoomCommand.Open)) return;
        var room = ((RoomCommand)envelope.Command).Room;
        Settle(room);
        _queue.Settle(room);
    }

    private PlacementDecision Decide(RoomId room, RoomSettings settings, out Failure? refusal)
    {
        var decision = DecideAndCharge(room, PlacementInputs.For(settings));
        refusal = decision.Found ? null : _queue.Enter(room, decision);
        return decision;
    }

    public PlacementDecision DecideAndCharge(RoomId room, in PlacementRequest request)
    {
        lock (_gate)
        {
            var decision = Policy.Decide(_view, request, _settings, _clock.NowMs);
            if (decision.Found) _view.Charge(room, decision.Node, decision.Need);
            else _metrics.PlacementFailed();
            return decision;
        }
    }

    /// <summary>Whether a room could go anywhere, without charging it.</summary>
    public bool CouldPlace(in PlacementRequest request) => FindPlace(request) is null;

    /// <summary>Looks for a node without charging it.</summary>
    /// <returns>Null when there is one; else the decision that found none.</returns>
    internal PlacementDecision? FindPlace(in PlacementRequest request)
    {
        lock (_gate)
        {
            var decision = Policy.Decide(_view, request, _settings, _clock.NowMs);
            if (decision.Found && (request.Avoid.IsNone || decision.Node != request.Avoid)) return null;
            // The policy would rather go back than nowhere; what is asked here is what keeps it from the others.
            return decision.Found ? Policy.DecideOnce(_view, request, _settings, _clock.NowMs) : decision;
        }
    }

    /// <inheritdoc cref="RebalanceLaw.Plan"/>
    internal IReadOnlyList<PlannedMove> PlanMoves(Func<NodeId, IReadOnlyList<MovableRoom>> roomsOf, uint abovePermille, int most)
    {
        lock (_gate) return RebalanceLaw.Plan(_view, Policy, roomsOf, abovePermille, most, _settings, _clock.NowMs);
    }

    /// <summary>
    /// What is left of a node as placement sees it, in permille; null for one that is not there. Measured load is known where the agents
    /// are attached.
    /// </summary>
    public int? HeadroomPermille(NodeId node)
    {
        lock (_gate)
            return _view.Find(node) is { } view
                ? NodeUse.Of(view, _settings, _clock.NowMs).HeadroomPermille(view.Capacity, Reservation.Nothing) : null;
    }

    /// <summary>What counts as used of a node; null for one that is not there.</summary>
    public NodeUse? UseOf(NodeId node)
    {
        lock (_gate) return _view.Find(node) is { } view ? NodeUse.Of(view, _settings, _clock.NowMs) : null;
    }

    public void Settle(RoomId room)
    {
        lock (_gate) _view.Settle(room);
    }

    public void Measured(NodeId node, ulong incarnation, V1.Load load, bool leaving)
    {
        var bitrate = load.IngressKbps > ulong.MaxValue - load.EgressKbps ? ulong.MaxValue : load.IngressKbps + load.EgressKbps;
        var measured = new MeasuredLoad(load.CpuPermille, bitrate, load.Publishers, load.Subscribers, _clock.NowMs, leaving);
        lock (_gate) _view.Measured(node, incarnation, measured);
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (events.Count == 0) return;
        lock (_gate)
        {
            _touched.Clear();
            var nodesChanged = false;
            foreach (var applied in events)
            {
                switch (applied.Event)
                {
                    case RoomEvent.Placed e: Touch(e.Node); _view.Settle(e.Room); break;
                    case RoomEvent.PlacementFailed e: _view.Settle(e.Room); break;
                    case RoomEvent.Released e: Touch(e.Node); break;
                    case RoomEvent e: Touch(state, e.Room); break;
                    case ParticipantEvent e: Touch(state, e.Room); break;
                    case NodeEvent.Registered or NodeEvent.Deregistered: nodesChanged = true; break;
                    case NodeEvent e: Touch(e.Node); break;
                    case DrainEvent e: Touch(e.Node); break;
                }
            }
            if (nodesChanged) _view.Refresh(state, appliedIndex);
            else foreach (var node in _touched) if (state.FindNode(node) is { } known) _view.Refresh(known, state.LastTime.UnixMs);
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        lock (_gate) _view.Refresh(state, appliedIndex);
    }

    private void Touch(NodeId node) => _touched.Add(node);

    private void Touch(ClusterState state, RoomId room)
    {
        if (state.FindRoom(room)?.Record.Owner is { } owner) _touched.Add(owner.Node);
    }
}
