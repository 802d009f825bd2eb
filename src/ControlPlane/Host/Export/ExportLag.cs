using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>
/// How far the export is behind the log, and an alarm when that is more than was said to be bearable. Nothing waits for it.
/// </summary>
internal sealed partial class ExportLag(Exporter exporter, EventLogReader events, ulong mostEvents, TimeSpan mostTime,
    TimeProvider clock, ILogger<ExportLag> logger)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private long _ms;
    private bool _isOver;

    /// <summary>0 where this replica does not lead, and while nobody knows.</summary>
    internal ulong Events => EventsBehind(exporter.Now);

    /// <summary>
    /// Age of the first event that is not exported; while it is not known how far the target is, how long that has been so.
    /// </summary>
    internal ulong Ms => (ulong)Interlocked.Read(ref _ms);

    internal bool IsOverBudget => Volatile.Read(ref _isOver);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken)) Measure();
    }

    internal void Measure()
    {
        var now = exporter.Now;
        var behind = EventsBehind(now);
        var ms = now.State == ExportState.StandingBy ? 0
            : now.Seq is not { } seq ? (long)clock.GetElapsedTime(now.Began).TotalMilliseconds
            : behind == 0 ? 0 : AgeMs(seq + 1);
        Interlocked.Exchange(ref _ms, ms);
        var isOver = behind > mostEvents || ms > mostTime.TotalMilliseconds;
        if (isOver == _isOver) return;
        Volatile.Write(ref _isOver, isOver);
        if (isOver) LogOver(exporter.Target, behind, ms / 1_000, now.Problem);
        else LogWithin(exporter.Target, behind);
    }

    private ulong EventsBehind(ExportStanding now) => now.Seq is { } seq && events.LastSeq > seq ? events.LastSeq - seq : 0;

    private long AgeMs(ulong seq)
    {
        try
        {
            return seq >= events.Floor && events.TryGet(seq) is { } first
                ? Math.Max(0, clock.GetUtcNow().ToUnixTimeMilliseconds() - first.OccurredAt.UnixMs) : 0;
        }
        catch (EventLogException) { return 0; } // whoever reads it says so
    }

    [LoggerMessage(5704, LogLevel.Error,
        "ALARM: the export to {Target} is {Events} events and {Seconds} s behind, more than its budget. {Why}")]
    private partial void LogOver(string target, ulong events, long seconds, string why);

    [LoggerMessage(5705, LogLevel.Information, "The export to {Target} is within its budget again, {Events} events behind")]
    private partial void LogWithin(string target, ulong events);
}
