using VideoScale.Model;

namespace VideoScale.ControlPlane.Clocks;

/// <summary>
/// A stretch of log time in which nothing ran: from where the log stood to where the replicas' clocks stood when it went on.
/// </summary>
/// <remarks>
/// Kept answers do not grow older by it. Named by its ends and not by its length, so that it counts once, however many entries carry it.
/// </remarks>
public readonly record struct TimeStep(LogTime From, LogTime To)
{
    public static TimeStep None => default;
    public bool IsNone => From == To;

    /// <summary>How much of an advance is not this step, in milliseconds.</summary>
    public long OutsideMs(LogTime before, LogTime after)
    {
        var inside = Math.Min(after.UnixMs, To.UnixMs) - Math.Max(before.UnixMs, From.UnixMs);
        return after.UnixMs - before.UnixMs - Math.Max(0, inside);
    }
}

/// <summary>What the leader's clocks say in an entry: all that decides about time travels in it.</summary>
/// <param name="Time">Log time.</param>
/// <param name="RequestTime">What the times inside request ids are compared with, where that is not log time: the clock of a majority of
/// voters.</param>
public readonly record struct EntryStamp(LogTime Time, LogTime? RequestTime = null, TimeStep Step = default)
{
    /// <summary>Says nothing but log time, as nearly every entry.</summary>
    public bool IsPlain => RequestTime is null && Step.IsNone;
}
