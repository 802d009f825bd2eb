using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Drain;

/// <summary>
/// Drains: nothing new goes there; at the deadline what is left is moved, a few rooms at a time and only while somewhere else takes them;
/// done when empty.
/// </summary>
public sealed class DrainLoop : LeaderLoop, IStateListener
{
    /// <summary>Rooms of one node under way at once: each move makes clients reconnect.</summary>
    private const int MaxMovingPerNode = 32;
    /// <summary>Rooms of one node looked at in one round; the next goes on behind them.</summary>
    private const int MaxLookedAt = 2_000;
    private readonly LoopCommands _commands;
    private readonly Fleet _fleet;
    private readonly LogTimeSource _time;
    private readonly Dictionary<NodeId, Progress> _progress = [];

    public DrainLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, Fleet fleet, LogTimeSource time, TimeProvider clock,
        ILogger<DrainLoop> logger)
        : base(terms, queries, clock, logger)
    {
        _commands = commands;
        _fleet = fleet;
        _time = time;
    }

    public override string Name => "drain";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(500);

    private sealed record Move(RoomId Room, Epoch Epoch, PlacementRequest Request);

    /// <param name="Free">How many more may be under way.</param>
    /// <param name="IsLast">The moves go to the last of the node's rooms.</param>
    private sealed record Emptying(NodeId Node, EventRef Drain, int Free, List<Move> Moves, bool IsLast);

    private sealed record Round(ulong Term, List<DomainCommand> Commands, List<Emptying> Nodes);

    /// <summary>What this leader remembers of a drain between rounds.</summary>
    private sealed class Progress
    {
        public EventRef Drain { get; set; }
        public string After { get; set; } = "";
        public BlockedRooms? Blocked { get; set; }
        public bool Moves { get; set; }
        /// <summary>Of the blocked rooms that were recorded: what is measured changes all the time, and is no news.</summary>
        public string Said { get; set; } = "";
    }

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = _time.Now;
        if (await LookAsync((state, term) => Look(state, term, now)) is not { } round) return;
        foreach (var node in round.Nodes) Empty(node, round.Commands);
        if (round.Commands.Count > 0) await _commands.SubmitAllAsync(round.Term, Name, round.Commands, cancellationToken);
    }

    private Round Look(ClusterState state, LeaderTerm term, LogTime now)
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
            round.Nodes.Add(LookAt(node));
        }
        return round;
    }

    private Emptying LookAt(NodeState node)
    {
        var progress = ProgressOf(node.Record);
        var moving = 0;
        foreach (var room in node.Rooms.InOrder())
            if (room.Record.Owner!.IsRevoked) moving++;
        var moves = new List<Move>();
        foreach (var room in progress.After.Length == 0 ? node.Rooms.InOrder() : node.Rooms.After(progress.After))
        {
            if (room.Record.Status != RoomStatus.Active) continue;
            if (moves.Count == MaxLookedAt) return new(node.Record.Id, node.Record.Drain, MaxMovingPerNode - moving, moves, false);
            moves.Add(new(room.Record.Id, room.Record.LastEpoch, DrainOutlook.RequestOf(room, node.Record.Id)));
        }
        progress.Moves |= moving > 0;
        return new(node.Record.Id, node.Record.Drain, MaxMovingPerNode - moving, moves, true);
    }

    private Progress ProgressOf(NodeRecord node)
    {
        if (!_progress.TryGetValue(node.Id, out var progress) || progress.Drain != node.Drain)
            _progress[node.Id] = progress = new() { Drain = node.Drain };
        return progress;
    }

    /// <summary>Takes what can go elsewhere, wherever it stands among what cannot; says so when nothing can.</summary>
    private void Empty(Emptying node, List<DomainCommand> commands)
    {
        var progress = _progress[node.Node];
        var outlook = new DrainOutlook(_fleet, node.Node);
        var free = node.Free;
        foreach (var move in node.Moves)
        {
            if (free <= 0) return; // on from here when some have arrived
            progress.After = move.Room.Value;
            if (outlook.WhyNot(move.Request) is { } why)
            {
                progress.Blocked = progress.Blocked is { } before ? before with { Rooms = before.Rooms + 1 } : new(1, move.Room, why);
                continue;
            }
            commands.Add(new RoomCommand.Revoke(move.Room, move.Epoch, RevokeReason.Drain, new NodeId("")));
            (progress.Moves, free) = (true, free - 1);
        }
        if (!node.IsLast) return;
        if (progress is { Blocked: { } blocked, Moves: false } && progress.Said != blocked.Kind)
        {
            var reason = TextLimits.Cut(blocked.Why, DrainCommand.RecordBlocked.MaxReasonLength);
            commands.Add(new DrainCommand.RecordBlocked(node.Node, blocked.Rooms, blocked.First, reason));
            progress.Said = blocked.Kind;
        }
        (progress.After, progress.Blocked, progress.Moves) = ("", null, false);
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events)
        {
            if (applied.Event is not (DrainEvent.Started or DrainEvent.DeadlineChanged
                or RoomEvent.Released { Kind: ReleaseKind.ByOwner or ReleaseKind.LeaseEnded })) continue;
            Wake();
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }
}
