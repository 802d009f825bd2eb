using System.Diagnostics;
using System.Globalization;

namespace VideoScale.Cli.Audit;

/// <summary>Says on standard error how far something long is: nothing in its first second, then a line each second.</summary>
internal sealed class Progress(string what, ulong total)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _lastSaid = Stopwatch.GetTimestamp();

    internal double Seconds => Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>Any thread.</summary>
    internal void At(ulong seq)
    {
        var last = Volatile.Read(ref _lastSaid);
        if (Stopwatch.GetElapsedTime(last) < TimeSpan.FromSeconds(1)
            || Interlocked.CompareExchange(ref _lastSaid, Stopwatch.GetTimestamp(), last) != last) return;
        Console.Error.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{what}: event {seq:N0}{(total > 0 ? $" of {total:N0}" : "")}"));
    }
}
