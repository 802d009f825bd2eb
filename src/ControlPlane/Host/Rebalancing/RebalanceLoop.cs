using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Rebalancing;

/// <summary>Moves rooms off crowded nodes, a few at a time, while this replica leads and operators want it.</summary>
public sealed partial class RebalanceLoop : LeaderLoop
{
    private readonly LoopCommands _commands;
    private readonly Fleet _fleet;
    private readonly LogTimeSource _time;
    private readonly ILogger<RebalanceLoop> _logger;
    private readonly RebalancePlan _plan;

    internal RebalanceLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, Fleet fleet, LogTimeSource time,
        RebalancePlan plan, TimeProvider clock, ILogger<RebalanceLoop> logger)
        : base(terms, queries, clock, logger)
    {
        (_commands, _fleet, _time, _plan, _logger) = (commands, fleet, time, plan, logger);
    }

    public override string Name => "rebalancing";
    protected override TimeSpan Period => TimeSpan.FromSeconds(5);

    private sealed record Round(ulong Term, AutomationMode Mode, IReadOnlyList<PlannedMove> Moves);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = _time.Now;
        if (await LookAsync((state, term) => Look(state, term, now)) is not { } round) return;
        _plan.Note(round.Moves);
        if (round.Moves.Count == 0) return;
        foreach (var move in round.Moves) LogMove(round.Mode == AutomationMode.On ? "moves" : "would move", move.Words);
        if (round.Mode != AutomationMode.On) return;
        DomainCommand[] commands = [.. round.Moves.Select(move => new RebalanceCommand.MoveRoom(move))];
        await _commands.SubmitAllAsync(round.Term, Name, commands, cancellationToken);
    }

    private Round? Look(ClusterState state, LeaderTerm term, LogTime now)
    {
        if (state.Rebalancing is not { Settings: { Mode: AutomationMode.On or AutomationMode.DryRun } settings } record) return null;
        if (settings.IsQuietAt(now)) return new(term.Term, settings.Mode, []);
        // What was revoked and waits for its next node is on its way too.
        var most = Math.Min((int)settings.MaxInParallel - RebalanceDecider.Moving(state),
            (int)settings.MaxPerMinute - record.BegunWithinMinute(now.UnixMs));
        var moves = _fleet.PlanMoves(node => RoomsOf(state.FindNode(node), settings, now), settings.AbovePermille, most);
        return new(term.Term, settings.Mode, moves);
    }

    private static List<MovableRoom> RoomsOf(NodeState? node, RebalanceSettings settings, LogTime now)
    {
        var rooms = new List<MovableRoom>();
        if (node is null || node.Record.Scheduling == NodeScheduling.Draining) return rooms; // a drain moves them in its own time
        foreach (var room in node.Rooms.InOrder())
        {
            var record = room.Record;
            var need = PlacementInputs.PeakOf(record.Settings, room.Participants, room.Publishers);
            var mayMove = record.Status == RoomStatus.Active && room.Participants > 0
                && RebalanceDecider.Rested(record, now.UnixMs) >= (long)settings.CooldownMs;
            rooms.Add(new(record.Id, record.LastEpoch, record.Settings.Region, need, room.Actual, room.Charged, room.Participants,
                mayMove));
        }
        return rooms;
    }

    [LoggerMessage(3821, LogLevel.Information, "rebalancing {Does} {Move}")]
    private partial void LogMove(string does, string move);
}
