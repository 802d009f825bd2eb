using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary>A moment of the log as people write it.</summary>
internal static class MomentText
{
    /// <param name="argument">What it was given as, for the complaint.</param>
    internal static Moment Parse(string argument, string text)
    {
        if (text.StartsWith('#') && ulong.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
            return new() { EventSeq = seq };
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return new() { LogIndex = index };
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return new() { TimeMs = time.ToUnixTimeMilliseconds() };
        throw new CliException(
            $"{argument}: \"{text}\" is neither a log index (1200), nor a time (2026-01-31T12:00:00Z), nor # and an event's number "
                + $"('#42')");
    }
}
