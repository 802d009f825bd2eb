using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Projections;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>Drains: nothing new goes there; at the deadline what is left is moved, a few rooms at a time and only while somewhere else takes them; done when empty.</summary>
public sealed class DrainLoop : LeaderLoop, IStateListener
{
    /// <summary>Rooms of one node under way at once: each move makes clients reconnect.</summary>
    private const int MaxMovingPerNode = 32;
    private readonly LoopCommands _commands;
    private readonly Fleet _fleet;
    private readonly LogTimeSource _time;

    public DrainLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, Fleet fleet, LogTimeSource time, StateFeed feed, TimeProvider clock, ILogger<DrainLoop> logger)
        : base(terms, queries, clock, logger)
    {
        _commands = commands;
        _fleet = fleet;
        _time = time;
        feed.Add(this);
    }

    public override string Name => "drain";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(500);

    private sealed record Move(RoomId Room, Epoch Epoch, PlacementRequest Request);

    private sealed record Round(ulong Term, List<DomainCommand> Commands, List<Move> Moves);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = _time.Now;
        if (await LookAsync((state, term) => Look(state, term, now)) is not { } round) return;
        foreach (var move in round.Moves)
            if (_fleet.CouldPlace(move.Request)) round.Commands.Add(new RoomCommand.Revoke(move.Room, move.Epoch, RevokeReason.Drain, new NodeId("")));
        if (round.Commands.Count > 0) await _commands.SubmitAllAsync(round.Term, Name, round.Commands, cancellationToken);
    }

    private static Round Look(ClusterState state, LeaderTerm term, LogTime now)
    {
        var round = new Round(term.Term, [], []);
        foreach (var node in state.Draining())
        {
            if (node.Rooms.Count == 0)
            {
                round.Commands.Add(new DrainCommand.Complete(node.Record.Id));
                continue;
            }
            if (node.Record.DrainDeadlineMs > now.UnixMs) continue;
            if (!node.Record.DrainTimedOut) round.Commands.Add(new DrainCommand.TimeOut(node.Record.Id));
            var moving = node.Rooms.InOrder().Count(static room => room.Record.Owner!.IsRevoked);
            foreach (var room in node.Rooms.InOrder())
            {
                if (moving >= MaxMovingPerNode) break;
                if (room.Record.Status != RoomStatus.Active) continue;
                moving++;
                round.Moves.Add(new(room.Record.Id, room.Record.LastEpoch, PlacementRequest.For(room) with { Reason = PlacementReason.Drain, Avoid = node.Record.Id, Target = new NodeId("") }));
            }
        }
        return round;
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events)
        {
            if (applied.Event is not (DrainEvent.Started or RoomEvent.Released { Kind: ReleaseKind.ByOwner or ReleaseKind.LeaseEnded })) continue;
            Wake();
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }
}
