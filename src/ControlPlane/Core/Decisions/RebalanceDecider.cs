using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Moves for the sake of balance: what must hold whatever a leader thinks of loads. See docs/rebalancing.md.</summary>
public static class RebalanceDecider
{
    public static Decision Decide(ClusterState state, RebalanceCommand command, in EntryContext entry) => command switch
    {
        RebalanceCommand.Set set => Set(state, set, entry),
        RebalanceCommand.MoveRoom move => Move(state, move.Move, entry),
        _ => throw new UnreachableException(command.ToString()),
    };

    private static Decision Set(ClusterState state, RebalanceCommand.Set set, in EntryContext entry)
    {
        if (set.Settings.Check() is { } wrong) return wrong;
        if (state.Rebalancing?.Settings == set.Settings) return Decision.Nothing();
        var events = new DecidedEvents(entry);
        events.Add(new RebalanceEvent.SettingsChanged(set.Settings));
        return Decision.Of(events);
    }

    private static Decision Move(ClusterState state, PlannedMove move, in EntryContext entry)
    {
        var record = state.Rebalancing ?? RebalanceRecord.Initial;
        if (OverBudget(state, record, entry) is { } later) return later;
        if (state.FindRoom(move.Room) is not { } room) return Failure.NotFound($"room {move.Room}");
        if (room.Record.LastEpoch != move.Epoch)
            return Failure.Precondition($"stale epoch {move.Epoch} of room {move.Room}: the current one is {room.Record.LastEpoch}");
        if (room.Record is not { Status: RoomStatus.Active, Owner: { } owner } || owner.Node != move.From)
            return Failure.Precondition($"room {move.Room} is not active on node {move.From}: it is {room.Record.Status}");
        if (Rested(room.Record, entry.Time.UnixMs) < (long)record.Settings.CooldownMs)
            return Failure.Precondition($"room {move.Room} was moved less than {record.Settings.CooldownMs / 1000} s ago: it stays");
        if (RoomDecider.CheckTarget(state, room.Record, move.To) is { } refused) return refused;
        if (NodeCaps.Check(state.FindNode(move.To)!, room.Charged, Reservation.Nothing) is { } over)
            return Failure.Exhausted(over.Words(move.To));
        if (move.ToPermille >= move.FromPermille)
            return Failure.Precondition($"node {move.To} would end at {move.ToPermille}‰, no better than {move.From} is");
        var events = new DecidedEvents(entry);
        var chosen = events.Add(new RebalanceEvent.RoomChosen(move));
        events.Add(new RoomEvent.Revoked(move.Room, owner.Epoch, owner.Node, RevokeReason.Move, move.To), chosen);
        return Decision.Of(events, RoomDecider.Show(room.Record) with { Node = new(""), Status = RoomStatus.Revoking });
    }

    private static Failure? OverBudget(ClusterState state, RebalanceRecord record, in EntryContext entry)
    {
        var settings = record.Settings;
        if (settings.Mode != AutomationMode.On) return Failure.Precondition($"rebalancing is {settings.Mode}: nothing is moved");
        if (settings.IsQuietAt(entry.Time)) return Failure.Precondition("these are quiet hours: nothing is moved");
        if (Moving(state) is var moving && moving >= settings.MaxInParallel)
            return Failure.Exhausted($"{moving} rooms are being moved, and {settings.MaxInParallel} are the most at once");
        return record.BegunWithinMinute(entry.Time.UnixMs) is var begun && begun >= settings.MaxPerMinute
            ? Failure.Exhausted($"{begun} moves began within a minute, and {settings.MaxPerMinute} are the most") : null;
    }

    /// <summary>Rooms on their way because somebody wanted them elsewhere; not those of drains, which have bounds of their own.</summary>
    public static int Moving(ClusterState state)
    {
        var moving = 0;
        foreach (var room in state.Revoked.InOrder()) if (room.Record.Owner is { RevokeReason: RevokeReason.Move }) moving++;
        return moving;
    }

    /// <summary>For how long a room has not been moved; without end where it never was.</summary>
    public static long Rested(RoomRecord room, long nowMs) =>
        room.Owner is { } owner && owner.PlacedAtMs != room.CreatedAtMs ? nowMs - owner.PlacedAtMs : long.MaxValue;
}
