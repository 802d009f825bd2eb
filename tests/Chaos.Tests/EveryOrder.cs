using VideoScale.Chaos.Linearizability;

namespace VideoScale.Chaos.Tests;

/// <summary>
/// Whether a short history fits any order, by what the room may be after each set of its operations; with rules of its own, in which a
/// write
/// without an answer gives the room an epoch and a node that are guessed on the spot.
/// </summary>
internal static class EveryOrder
{
    private const decimal JustAbove = 0.001m;

    private sealed record Room(bool IsThere, decimal Epoch, string Node);

    internal static bool Has(IReadOnlyList<RoomOperation> operations, bool isMovedBySystem)
    {
        var count = operations.Count;
        var after = new HashSet<Room>[1 << count];
        after[0] = [new Room(false, 0, "")];
        (decimal Epoch, string Node)[] guesses = [.. operations.Where(static one => one.Told is not null)
            .Select(static one => ((decimal)one.Told!.Value.Epoch, one.Told.Value.Node)).Distinct()];
        for (var set = 0; set < 1 << count; set++)
        {
            if (after[set] is not { Count: > 0 } rooms) continue;
            if (Enumerable.Range(0, count).All(one => !operations[one].IsAnswered || (set >> one & 1) == 1)) return true;
            if (isMovedBySystem) rooms = [.. rooms, .. rooms.SelectMany(room => MovedAlone(room, guesses))];
            for (var next = 0; next < count; next++)
            {
                if ((set >> next & 1) == 1) continue;
                var begun = operations[next].BeganNs;
                if (Enumerable.Range(0, count).Any(one => (set >> one & 1) == 0 && operations[one].EndedNs < begun)) continue;
                foreach (var room in rooms.SelectMany(room => Next(room, operations[next], guesses, isMovedBySystem)))
                    (after[set | 1 << next] ??= []).Add(room);
            }
        }
        return false;
    }

    private static IEnumerable<Room> MovedAlone(Room room, (decimal Epoch, string Node)[] guesses) => !room.IsThere ? []
        : [room with { Node = "" }, .. guesses.Where(guess => guess.Epoch > room.Epoch).Select(guess =>
            new Room(true, guess.Epoch, guess.Node))];

    private static IEnumerable<Room> Next(Room room, RoomOperation one, (decimal Epoch, string Node)[] guesses, bool isMovedBySystem)
    {
        switch (one.Call)
        {
            case RoomCall.Read when one.Told is null: return room.IsThere ? [] : [room];
            case RoomCall.Read:
                return room.IsThere && room.Epoch == one.Told!.Value.Epoch && room.Node == one.Told.Value.Node ? [room]
                : [];
            case RoomCall.Close: return room.IsThere ? [room with { IsThere = false }] : [];
            case RoomCall.Create when room.IsThere: return [];
            case RoomCall.Move when !room.IsThere: return [];
        }
        if (one.Told is { Node: "" } waits)
            return waits.Epoch == 0 || waits.Epoch >= room.Epoch ? [new Room(true, Math.Max(waits.Epoch, room.Epoch), "")] : [];
        if (one.Told is { } told) return told.Epoch > room.Epoch ? [new Room(true, told.Epoch, told.Node)] : [];
        if (isMovedBySystem) return [one.Call == RoomCall.Create ? new Room(true, room.Epoch, "") : room];
        return [new Room(true, room.Epoch + JustAbove, "nowhere"),
            .. guesses.Where(guess => guess.Epoch > room.Epoch).Select(guess => new Room(true, guess.Epoch, guess.Node))];
    }
}
