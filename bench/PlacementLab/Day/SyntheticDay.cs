namespace VideoScale.Bench.PlacementLab.Day;

/// <summary>
/// 18,000 meetings of a working day, with their people. Made up: no public trace joins size, duration and arrival. docs/placement-lab.md.
/// </summary>
internal static class SyntheticDay
{
    internal const int RoomsOfADay = 18_000;
    internal const long DayMs = 24 * 3_600_000L;
    private const long MinuteMs = 60_000;

    /// <summary>By hour; peaks from nine to ten and from two to three.</summary>
    private static readonly double[] Hours =
        [3, 2, 2, 2, 3, 6, 16, 40, 65, 77, 74, 69, 58, 66, 76, 73, 63, 51, 38, 28, 20, 13, 8, 5];
    private static readonly double[] Slots = [58, 28, 7, 7];
    private static readonly int[] SlotMinutes = [0, 30, 15, 45];
    /// <summary>Ad hoc, team, class, webinar.</summary>
    private static readonly double[] Kinds = [45, 43.5, 10, 1.5];
    private static readonly double[] HintPresent = [0.10, 0.70, 0.80, 0.90];
    private static readonly double[] Cameras = [0.75, 0.6, 0.35, 0];

    /// <param name="rooms">Of the whole day, whatever part of it is taken.</param>
    internal static PlannedDay Make(int seed, int rooms = RoomsOfADay, long fromMs = 0, long toMs = DayMs)
    {
        var chance = new Chance(seed);
        var made = new List<PlannedRoom>();
        for (var i = 0; i < rooms; i++)
            if (Room(chance, made.Count) is { } room && room.StartMs >= fromMs && room.StartMs < toMs) made.Add(room);
        return PlannedDay.Of(made, fromMs, toMs);
    }

    /// <summary>Meetings of the usual kinds that all begin within a minute.</summary>
    internal static PlannedDay Storm(int seed, int rooms, long atMs)
    {
        var chance = new Chance(seed);
        var made = new List<PlannedRoom>();
        for (var i = 0; i < rooms; i++)
            made.Add(Room(chance, chance.OneOf(Kinds), i, atMs + (long)(chance.Share() * MinuteMs)));
        return PlannedDay.Of(made, atMs - 10 * MinuteMs, atMs + 60 * MinuteMs);
    }

    private static PlannedRoom Room(Chance chance, int number)
    {
        var kind = chance.OneOf(Kinds);
        var hour = chance.OneOf(Hours);
        var minute = kind == 0 ? chance.Share() * 60 : SlotMinutes[chance.OneOf(Slots)];
        return Room(chance, kind, number, hour * 60 * MinuteMs + (long)(minute * MinuteMs));
    }

    private static PlannedRoom Room(Chance chance, int kind, int number, long startMs)
    {
        var (people, minutes) = kind switch
        {
            0 => (Math.Min(12, 2 + chance.Geometric(0.30)), Math.Clamp(chance.LogNormal(11, 0.9), 1, 240)),
            1 => (Math.Min(60, 2 + (int)chance.LogNormal(5, 0.6)),
                new[] { 30, 45, 60, 90 }[chance.OneOf([55, 12, 28, 5])] * Math.Max(0.3, chance.Normal(0.93, 0.15))),
            2 => (Math.Clamp((int)chance.LogNormal(22, 0.5), 2, 150), new[] { 50, 60, 90 }[chance.Below(3)] * 1.0),
            _ => (Math.Min(400, (int)chance.Pareto(50, 1.4)), new[] { 45, 60, 90 }[chance.Below(3)] * 1.0),
        };
        var publishers = kind == 3 ? 3 + chance.Below(6) : 0;
        var end = startMs + (long)(minutes * MinuteMs);
        var attendance = new Attendance[people];
        for (var i = 0; i < people; i++)
        {
            var camera = kind == 3 ? i < publishers : chance.Share() < Cameras[kind];
            attendance[i] = new(0, 0, camera);
            var join = Math.Max(startMs - 2 * MinuteMs, startMs + JoinOffsetMs(chance, kind, minutes));
            var leave = Math.Max(join + 30_000, end + (long)chance.Normal(0, 20_000));
            attendance[i] = attendance[i] with { JoinMs = Math.Max(0, join), LeaveMs = leave };
        }
        var hint = chance.Share() < HintPresent[kind] ? (uint)Math.Max(2, Math.Round(people * chance.LogNormal(1, 0.3))) : 0;
        return new(number, hint, (uint)publishers, chance.LogNormal(1, 0.2), attendance);
    }

    private static long JoinOffsetMs(Chance chance, int kind, double minutes)
    {
        if (kind == 0) return (long)(chance.Share() * Math.Min(minutes, 3) * MinuteMs);
        var late = chance.Share() < 0.10 ? chance.Share() * 0.4 * minutes * MinuteMs : 0;
        return (long)(chance.Normal(45_000, 90_000) + late);
    }
}
