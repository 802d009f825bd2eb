using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>The media plane and the sessions on it: started and stopped together with the node.</summary>
public sealed partial class SessionHost : IAsyncDisposable
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _ticking;
    private readonly QualityRound _quality;

    public SessionHost(MediaNodeOptions options, AuthorityGate authority, MediaPlane plane, ILoggerFactory loggers, Action fatal)
    {
        var logger = loggers.CreateLogger<SessionHost>();
        Plane = plane;
        Loop = new SessionLoop(e =>
        {
            LogBroken(logger, e);
            fatal();
        });
        Table = new SessionTable(options, authority, plane, Loop, loggers.CreateLogger<SessionTable>());
        _quality = new QualityRound(Table, plane, Loop);
        _ticking = TickAsync();
    }

    public MediaPlane Plane { get; }
    public SessionLoop Loop { get; }
    internal SessionTable Table { get; }

    /// <summary>Packets and losses as last measured; for the load report.</summary>
    internal MediaTraffic Traffic => _quality.Traffic;

    /// <summary>Sessions that are still connected; a node that stops waits for them to move.</summary>
    public Task<int> CountAsync() => Loop.AskAsync(() => Table.Count);

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickPeriod);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Loop.Post(Table.Tick);
                Loop.Post(_quality.Step);
            }
        }
        catch (OperationCanceledException) { }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticking;
        await Loop.DisposeAsync();
        Plane.Dispose();
        _stop.Dispose();
    }

    [LoggerMessage(5310, LogLevel.Critical, "The sessions broke: the process ends")]
    private static partial void LogBroken(ILogger logger, Exception e);
}
