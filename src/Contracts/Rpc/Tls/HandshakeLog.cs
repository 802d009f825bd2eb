using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Says whose certificate was refused and why: each reason once a minute, whoever tries.</summary>
internal sealed partial class HandshakeLog(ILogger<HandshakeLog> logger)
{
    private const int MostRemembered = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, long> _said = new(StringComparer.Ordinal);

    internal void Refused(EndPoint? address, string reason)
    {
        if (_said.TryGetValue(reason, out var since) && Stopwatch.GetElapsedTime(since) < Pause) return;
        if (_said.Count >= MostRemembered) _said.Clear();
        _said[reason] = Stopwatch.GetTimestamp();
        LogRefused(address, reason);
    }

    [LoggerMessage(3708, LogLevel.Warning, "Refused a connection from {Address}: {Reason}")]
    private partial void LogRefused(EndPoint? address, string reason);
}
