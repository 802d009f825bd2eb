using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>Whether rooms are moved off crowded nodes, and how many at most. See docs/rebalancing.md.</summary>
/// <param name="AbovePermille">A node with more in use is crowded.</param>
/// <param name="MaxInParallel">Moves under way at once, an operator's among them.</param>
/// <param name="MaxPerMinute">Moves begun within any minute of log time.</param>
/// <param name="CooldownMs">A room that was moved stays at least so long: nobody is disturbed twice within it.</param>
/// <param name="QuietFromMinute">Of the day, UTC: from here to <paramref name="QuietToMinute"/> nothing is moved. Equal: never
/// quiet.</param>
public sealed record RebalanceSettings(AutomationMode Mode, uint AbovePermille, uint MaxInParallel, uint MaxPerMinute, ulong CooldownMs,
    uint QuietFromMinute, uint QuietToMinute)
{
    public const uint MinutesOfDay = 24 * 60;
    public const ulong LongestCooldownMs = 24 * 3_600_000UL;
    private const uint MostInParallel = 64, MostPerMinute = 240;

    public static readonly RebalanceSettings Default = new(AutomationMode.Off, 780, 4, 24, 10 * 60_000, 0, 0);

    public bool IsQuietAt(LogTime time)
    {
        var minute = (uint)(time.UnixMs / 60_000 % MinutesOfDay);
        return QuietFromMinute <= QuietToMinute ? minute >= QuietFromMinute && minute < QuietToMinute
            : minute >= QuietFromMinute || minute < QuietToMinute;
    }

    public Failure? Check() =>
        Mode.Check()
        ?? Rules.InRange("above_permille", AbovePermille, 300, 950)
        ?? Rules.InRange("max_in_parallel", MaxInParallel, 1, MostInParallel)
        ?? Rules.InRange("max_per_minute", MaxPerMinute, 1, MostPerMinute)
        ?? Rules.InRange("cooldown_ms", CooldownMs, 60_000, LongestCooldownMs)
        ?? Rules.InRange("quiet_from_minute", QuietFromMinute, 0, MinutesOfDay - 1)
        ?? Rules.InRange("quiet_to_minute", QuietToMinute, 0, MinutesOfDay - 1);

    public void Describe(FieldSink sink)
    {
        sink.Choice("mode", Mode);
        sink.Number("above_permille", AbovePermille);
        sink.Number("max_in_parallel", MaxInParallel);
        sink.Number("max_per_minute", MaxPerMinute);
        sink.Number("cooldown_ms", CooldownMs);
        sink.Number("quiet_from_minute", QuietFromMinute);
        sink.Number("quiet_to_minute", QuietToMinute);
    }

    public static RebalanceSettings Read(ref CanonicalReader r) => new((AutomationMode)r.ReadByte(), r.ReadUInt32(), r.ReadUInt32(),
        r.ReadUInt32(), r.ReadUInt64(), r.ReadUInt32(), r.ReadUInt32());

    public string Words =>
        $"{Mode.Words()}, nodes over {AbovePermille}‰, at most "
        + $"{MaxInParallel} at once and {MaxPerMinute} a minute, a room once in {CooldownMs / 1000} s"
        + (QuietFromMinute == QuietToMinute ? "" : $", quiet from {Clock(QuietFromMinute)} to {Clock(QuietToMinute)} UTC");

    private static string Clock(uint minute) => $"{minute / 60:00}:{minute % 60:00}";
}
