using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Counts the times in which a server's process stood still, and says so in at most one line in ten seconds.</summary>
internal sealed partial class StandstillLog : IHostedService, IDisposable
{
    internal const string TimeName = "videoscale_process_standstill_ms";
    internal const string CollectionsCause = "collections";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Meter _meter = new(RpcMetrics.MeterName);
    private readonly Counter<double> _time;
    private readonly ILogger<StandstillLog> _logger;
    private StandstillWatch? _watch;
    private int _unsaid;
    private TimeSpan _longest;
    private long _saidAt;

    public StandstillLog(ILogger<StandstillLog> logger)
    {
        _logger = logger;
        _time = _meter.CreateCounter<double>(MetricName.InstrumentOf(TimeName), "ms",
            $"Time in which the process did not run although it wanted to, in pieces of {StandstillWatch.Least.TotalMilliseconds:0} ms "
            + "or more: its own garbage collections, or a machine that is short of CPU or memory");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var cause in (string[])[CollectionsCause, "machine"]) _time.Add(0, new KeyValuePair<string, object?>("cause", cause));
        _watch = new StandstillWatch(Note);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The watch's thread alone, and tests.</summary>
    internal void Note(Standstill stood)
    {
        _time.Add(stood.Lasted.TotalMilliseconds,
            new KeyValuePair<string, object?>("cause", stood.IsOfCollections ? CollectionsCause : "machine"));
        _unsaid++;
        if (stood.Lasted > _longest) _longest = stood.Lasted;
        if (_saidAt != 0 && Stopwatch.GetElapsedTime(_saidAt) < Pause) return;
        LogStoodStill(_unsaid, _longest.TotalMilliseconds, stood.InCollections.TotalMilliseconds);
        (_unsaid, _longest, _saidAt) = (0, TimeSpan.Zero, Stopwatch.GetTimestamp());
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _meter.Dispose();
    }

    [LoggerMessage(3720, LogLevel.Warning,
        "This process stood still {Count} times since the last such line, at most {Longest:0} ms; garbage collections took {Collections:0} "
        + "ms of the last time. If they did not, the machine is short of CPU or memory, or it was frozen: leaders lose their followers "
        + "and calls stutter")]
    private partial void LogStoodStill(int count, double longest, double collections);
}
