namespace VideoScale.Model;

/// <summary>Leader-stamped time of the log, in milliseconds since 1970 UTC; never a replica's own clock.</summary>
public readonly record struct LogTime(long UnixMs) : IComparable<LogTime>
{
    public static LogTime Max(LogTime a, LogTime b) => a.UnixMs >= b.UnixMs ? a : b;
    public static LogTime operator +(LogTime time, TimeSpan span) => new(checked(time.UnixMs + (long)span.TotalMilliseconds));
    public static LogTime operator -(LogTime time, TimeSpan span) => new(checked(time.UnixMs - (long)span.TotalMilliseconds));
    public static TimeSpan operator -(LogTime a, LogTime b) => TimeSpan.FromMilliseconds(checked(a.UnixMs - b.UnixMs));
    public static bool operator <(LogTime a, LogTime b) => a.UnixMs < b.UnixMs;
    public static bool operator >(LogTime a, LogTime b) => a.UnixMs > b.UnixMs;
    public static bool operator <=(LogTime a, LogTime b) => a.UnixMs <= b.UnixMs;
    public static bool operator >=(LogTime a, LogTime b) => a.UnixMs >= b.UnixMs;
    public int CompareTo(LogTime other) => UnixMs.CompareTo(other.UnixMs);
    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.FromUnixTimeMilliseconds(UnixMs);
    public override string ToString() =>
        ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
