using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Says at start how many connections there may be, and of a flood of a port one line in ten seconds with its size.</summary>
internal sealed partial class ConnectionLog : IHostedService, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly Meter _meter = new(RpcMetrics.MeterName);
    private readonly ConnectionLimits _limits;
    private readonly ILogger<ConnectionLog> _logger;
    private readonly Dictionary<int, Flood> _floods = []; // by port
    private long _failureSaidAt;

    private sealed class Flood
    {
        internal long Refused;
        internal long SaidAt;
    }

    public ConnectionLog(ConnectionLimits limits, ILogger<ConnectionLog> logger)
    {
        (_limits, _logger) = (limits, logger);
        _meter.CreateObservableUpDownCounter(MetricName.InstrumentOf("videoscale_rpc_server_connections"), () => limits.Open,
            "{connection}", "Accepted connections that are open.");
        _meter.CreateObservableGauge(MetricName.InstrumentOf("videoscale_rpc_server_connections_limit"), () => limits.Most, "{connection}",
            "Most of them at once.");
        _meter.CreateObservableCounter(MetricName.InstrumentOf("videoscale_rpc_server_connections_refused"), () => limits.Refused,
            "{connection}", "Connections closed at once because there were too many.");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_limits.Most < _limits.Configured)
            LogFew(_limits.Most, _limits.MostOfOne, _limits.Budget.Descriptors, _limits.Budget.Reserved, _limits.Configured);
        else LogLimit(_limits.Most, _limits.MostOfOne, _limits.Budget.Descriptors, _limits.Budget.Reserved);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal void Refused(int port, ConnectionLimits limits)
    {
        long since;
        lock (_gate)
        {
            if (!_floods.TryGetValue(port, out var flood)) _floods[port] = flood = new Flood();
            flood.Refused++;
            if (flood.SaidAt != 0 && Stopwatch.GetElapsedTime(flood.SaidAt) < Pause) return;
            flood.SaidAt = Stopwatch.GetTimestamp();
            since = flood.Refused;
            flood.Refused = 0;
        }
        LogRefused(port, since, limits.Open, limits.Most, limits.MostOfOne);
    }

    internal void AcceptFailed(int port, string reason)
    {
        lock (_gate)
        {
            if (_failureSaidAt != 0 && Stopwatch.GetElapsedTime(_failureSaidAt) < Pause) return;
            _failureSaidAt = Stopwatch.GetTimestamp();
        }
        LogAcceptFailed(port, reason);
    }

    public void Dispose() => _meter.Dispose();

    [LoggerMessage(3701, LogLevel.Information,
        "At most {Most} connections at once, {MostOfOne} on one port: the descriptor limit is {Descriptors}, of which {Reserved} are "
        + "kept for logs, replication and files")]
    private partial void LogLimit(int most, int mostOfOne, long descriptors, int reserved);

    [LoggerMessage(3702, LogLevel.Warning,
        "At most {Most} connections at once, {MostOfOne} on one port: the descriptor limit is {Descriptors}, of which {Reserved} are "
        + "kept for logs, replication and files; MaxConnections is {Configured}: raise the limit (LimitNOFILE= of the unit, or ulimit -n)")]
    private partial void LogFew(int most, int mostOfOne, long descriptors, int reserved, int configured);

    [LoggerMessage(3703, LogLevel.Warning,
        "Too many connections on port {Port}: closed {Count} since the last such line; {Open} are open of {Most} in all and {MostOfOne} "
        + "on one port (MaxConnections, descriptor limit)")]
    private partial void LogRefused(int port, long count, int open, int most, int mostOfOne);

    [LoggerMessage(3704, LogLevel.Error, "Port {Port} cannot accept connections: {Reason}; it goes on trying")]
    private partial void LogAcceptFailed(int port, string reason);
}
