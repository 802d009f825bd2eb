using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>Ends revoked ownerships whose owner did not release them, once its lease from before the revoke has ended.</summary>
public sealed class HandOverLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, LeaseClock leaseClock, TimeProvider clock,
    ILogger<HandOverLoop> logger)
    : LeaderLoop(terms, queries, clock, logger)
{
    private const int MaxInRound = 1_000;

    public override string Name => "hand-over";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(250);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var due = await LookAsync((state, term) => Tuple.Create(term.Term, state.Revoked.InOrder()
            .Where(room => term.Leases.MayExpire(room.Record.Id, room.Record.Owner!.Epoch, leaseClock.NowMs)).Take(MaxInRound)
            .Select(DomainCommand (room) => new RoomCommand.ExpireOwnership(room.Record.Id, room.Record.Owner!.Epoch)).ToArray()));
        if (due is { Item2.Length: > 0 }) await commands.SubmitAllAsync(due.Item1, Name, due.Item2, cancellationToken);
    }
}
