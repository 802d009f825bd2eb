using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Rooms as LiveKit's API makes and changes them: under any name, and again at any time.</summary>
public static partial class RoomDecider
{
    private static Decision Open(ClusterState state, RoomCommand.Open open, in EntryContext entry)
    {
        if ((RoomName.Check("name", open.Name) ?? open.Change.Check()) is { } wrong) return wrong;
        if (RoomName.IdOf(open.Name) != open.Room)
            return Failure.InvalidArgument($"room_id: \"{open.Room}\" breaks the rule: the id of the name \"{RoomName.Shown(open.Name)}\"");
        if (state.FindRoom(open.Room)?.Record is { IsOpen: true } record)
            return open.ChangesExisting ? Update(record, open.Name, open.Change, entry) : Decision.Nothing(Show(record));
        var details = new RoomDetails(open.Name, open.Change.DepartureTimeoutMs ?? RoomDetails.DefaultDepartureTimeoutMs, false, 0);
        return Begin(state, open.Room, open.Settings, details, open.Placement, open.PlacementTerm, entry);
    }

    private static Decision Update(RoomState room, RoomCommand.Update update, in EntryContext entry)
    {
        if (update.Change.Check() is { } wrong) return wrong;
        return room.Record.IsOpen ? Update(room.Record, room.Record.ShownName, update.Change, entry)
            : Failure.NotFound($"room {update.Room}: it is {room.Record.Status}");
    }

    private static Decision Update(RoomRecord record, string name, RoomPatch change, in EntryContext entry)
    {
        var settings = change.ApplyTo(record.Settings);
        var departure = change.DepartureTimeoutMs ?? record.Details?.DepartureTimeoutMs ?? 0;
        var changed = Difference(record, settings, departure);
        if (changed == RoomParts.None) return Decision.Nothing(Show(record));
        var events = new DecidedEvents(entry);
        events.Add(new RoomEvent.Updated(record.Id, changed, settings, name, departure));
        return Decision.Of(events, Show(record));
    }

    private static RoomParts Difference(RoomRecord record, RoomSettings settings, ulong departureTimeoutMs) =>
        (settings.EmptyTimeoutMs != record.Settings.EmptyTimeoutMs ? RoomParts.EmptyTimeout : 0)
        | (departureTimeoutMs != (record.Details?.DepartureTimeoutMs ?? 0) ? RoomParts.DepartureTimeout : 0)
        | (settings.MaxParticipants != record.Settings.MaxParticipants ? RoomParts.MaxParticipants : 0)
        | (settings.Metadata.Span.SequenceEqual(record.Settings.Metadata.Span) ? 0 : RoomParts.Metadata);
}
