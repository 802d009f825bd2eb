using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Placement;

/// <summary>
/// Gives rooms that wait for a node to one: created while none had room, released by their owner, or left behind by a lost node.
/// </summary>
public sealed class PlacementLoop : LeaderLoop, IStateListener
{
    private const int MaxInRound = 256;
    private readonly LoopCommands _commands;
    private readonly Fleet _fleet;
    private (RoomState Room, ulong WaitingSeq)? _resumeAfter; // the last room tried: those that nobody can take do not hold up the others

    public PlacementLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, Fleet fleet, TimeProvider clock,
        ILogger<PlacementLoop> logger)
        : base(terms, queries, clock, logger)
    {
        _commands = commands;
        _fleet = fleet;
    }

    public override string Name => "placement";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(500);

    private sealed record WaitingRoom(RoomId Room, Epoch LastEpoch, PlacementRequest Request, bool FailureRecorded, EventRef Cause);

    private sealed record Round(ulong Term, WaitingRoom[] Rooms, bool Complete);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(Look) is not { } round) return;
        var placed = false;
        var submitted = new List<(WaitingRoom Room, bool Found, Task<SubmitResult> Result)>();
        foreach (var room in round.Rooms)
        {
            var decision = _fleet.DecideAndCharge(room.Room, room.Request);
            if (!decision.Found && room.FailureRecorded) continue;
            DomainCommand command = decision.Found ? new RoomCommand.Assign(room.Room, room.LastEpoch, decision)
                : new RoomCommand.RecordPlacementFailure(room.Room, room.LastEpoch, decision);
            submitted.Add((room, decision.Found, _commands.SubmitAsync(round.Term, Name, command, cancellationToken, room.Cause).AsTask()));
        }
        foreach (var (room, found, result) in submitted)
        {
            placed |= (await result).Status == SubmitStatus.Applied && found;
            _fleet.Settle(room.Room);
        }
        if (placed && !round.Complete) Wake(); // there is more, and there was room
    }

    private Round Look(ClusterState state, LeaderTerm term)
    {
        var rooms = new List<WaitingRoom>();
        var waiting = _resumeAfter is { } last ? state.WaitingForPlacementAfter(last.Room, last.WaitingSeq) : state.WaitingForPlacement();
        _resumeAfter = null;
        foreach (var room in waiting)
        {
            rooms.Add(new(room.Record.Id, room.Record.LastEpoch, PlacementInputs.For(room), room.Record.PlacementFailedRecorded,
                room.Record.Cause));
            if (rooms.Count < MaxInRound) continue;
            _resumeAfter = (room, room.Record.Cause.Seq);
            break;
        }
        var complete = rooms.Count < MaxInRound;
        return new(term.Term, [.. rooms], complete);
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (state.WaitingCount == 0) return;
        foreach (var applied in events)
        {
            var worthARound = applied.Event switch
            {
                RoomEvent.Released => true,
                // Created and found no node in the same entry: nothing has changed since.
                RoomEvent.Created created =>
                    state.FindRoom(created.Room)?.Record is { Status: RoomStatus.Unplaced, PlacementFailedRecorded: false },
                NodeEvent.Registered or NodeEvent.Recovered or NodeEvent.Uncordoned or ControlPlane.Drain.DrainEvent.Cancelled
                    or ClusterEvent.LeadershipRecorded => true,
                _ => false,
            };
            if (!worthARound) continue;
            Wake();
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) => Wake();
}
