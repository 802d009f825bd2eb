using Microsoft.Extensions.Logging;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>DotNext tells each step of an election and of replication; what became of it is told by our own lines.</summary>
internal sealed class TroublesOnly(ILogger logger) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && logger.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) logger.Log(logLevel, eventId, state, exception, formatter);
    }
}
