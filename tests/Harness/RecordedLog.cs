using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace VideoScale.Harness;

/// <summary>Keeps what was logged.</summary>
public sealed class RecordedLog : ILoggerProvider
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Lines { get; } = new();

    public IEnumerable<string> Of(int id) => Lines.Where(l => l.Id == id).Select(l => l.Text);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName.StartsWith("VideoScale.", StringComparison.Ordinal));

    public void Dispose() { }

    private sealed class Logger(RecordedLog log, bool ours) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => ours;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (ours) log.Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
        }
    }
}
