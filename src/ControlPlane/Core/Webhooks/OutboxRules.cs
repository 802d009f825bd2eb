namespace VideoScale.ControlPlane.Webhooks;

/// <summary>Limits of what waits for one receiver. All times in milliseconds.</summary>
/// <param name="GiveUpAfterMs">A message older than this is a dead letter at its next failure.</param>
/// <param name="Window">Messages in memory; with more nothing further is read from the log.</param>
/// <param name="Together">Requests under way at once, each of another room.</param>
public sealed record OutboxRules(long GiveUpAfterMs, int Window = 4_096, int Together = 32)
{
    public const long DefaultGiveUpAfterMs = 3 * 24 * 3_600_000L;

    /// <summary>Tries before a message is given up, and of a replayed one.</summary>
    public int LeastAttempts { get; init; } = 5;

    /// <summary>Failures after which a room is held, while others go through.</summary>
    public int HoldAfter { get; init; } = 4;

    /// <summary>Failures in a row, of so many rooms at least, after which the receiver counts as down: it is asked one at a time.</summary>
    public int DownAfter { get; init; } = 8;
    public int DownRooms { get; init; } = 3;

    /// <summary>Messages that a held room keeps in memory; the rest is read from the log again.</summary>
    public int HeldWindow { get; init; } = 64;

    public long FirstPauseMs { get; init; } = 250;
    public long LongestPauseMs { get; init; } = 60_000;

    /// <summary>Between two tries of a receiver that is down.</summary>
    public long LongestDownPauseMs { get; init; } = 30_000;

    /// <summary>Doubles with each failure; half of it is chance, so that many do not come together.</summary>
    /// <param name="chance">A number from 0 to below what it is given.</param>
    public long PauseMs(int failures, long longest, Func<long, long> chance)
    {
        var full = Math.Min(longest, FirstPauseMs << Math.Min(failures - 1, 20));
        return full / 2 + chance(full / 2 + 1);
    }
}
