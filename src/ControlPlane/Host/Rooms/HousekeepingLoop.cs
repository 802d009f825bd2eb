using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Closes rooms that stayed empty and frees seats that nobody took.</summary>
public sealed class HousekeepingLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, LogTimeSource time, TimeProvider clock,
    ILogger<HousekeepingLoop> logger)
    : LeaderLoop(terms, queries, clock, logger)
{
    private const int MaxInRound = 500;

    public override string Name => "housekeeping";
    protected override TimeSpan Period => TimeSpan.FromSeconds(1);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.Now;
        var due = await LookAsync((state, term) => Tuple.Create(term.Term, state.EmptyTooLong(now).Take(MaxInRound)
            .Select(DomainCommand (room) => new RoomCommand.CloseEmpty(room.Record.Id))
            .Concat(state.SeatsNotTaken(now).Take(MaxInRound)
                .Select(DomainCommand (due) => new ParticipantCommand.ExpireSeat(due.Room.Record.Id, due.Seat.Identity, due.Seat.SeatId)))
            .ToArray()));
        if (due is not { Item2.Length: > 0 }) return;
        await commands.SubmitAllAsync(due.Item1, Name, due.Item2, cancellationToken);
        if (due.Item2.Length >= MaxInRound) Wake(); // there is more
    }
}
