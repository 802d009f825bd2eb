using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Says each new trouble with a member once, not at every try.</summary>
internal sealed partial class TransportLog(ILogger logger, MemberId self, TimeProvider? clock = null)
{
    private const int MostRefusalsRemembered = 1_000;
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<MemberId, LinkState> _links = new();
    private long? _asideSaidAt;
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);

    internal void Connected(MemberId member, Channel channel)
    {
        LogConnected(self, member, channel);
        var link = _links.GetOrAdd(member, static _ => new LinkState());
        if (link.Mended(channel)) LogMended(self, member);
    }

    /// <summary>
    /// A link that flaps breaks two connections many times a second: one line when it breaks, at most one in ten seconds, with their
    /// number.
    /// </summary>
    internal void ConnectionFailed(MemberId member, Channel channel, Exception e)
    {
        var link = _links.GetOrAdd(member, static _ => new LinkState());
        if (link.Broke(channel, e.Message, _clock.GetTimestamp(), _clock) is not { } breaks) return;
        if (breaks <= 1) LogConnectionFailed(self, channel, member, e.Message);
        else LogFlapping(self, member, breaks, e.Message);
    }

    /// <summary>Whoever is refused tries again soon: each reason is said once a minute.</summary>
    internal void Refused(string address, string reason)
    {
        if (_refused.TryGetValue(reason, out var since) && Stopwatch.GetElapsedTime(since) < RefusalPause) return;
        if (_refused.Count >= MostRefusalsRemembered) _refused.Clear();
        _refused[reason] = Stopwatch.GetTimestamp();
        LogRefused(self, address, reason);
    }

    /// <summary>Once a minute, however often it is refused.</summary>
    internal void StandsAside(string why)
    {
        lock (_refused)
        {
            if (_asideSaidAt is { } saidAt && _clock.GetElapsedTime(saidAt) < RefusalPause) return;
            _asideSaidAt = _clock.GetTimestamp();
        }
        LogStandsAside(self, why);
    }

    internal void TakesPart()
    {
        lock (_refused) _asideSaidAt = null;
        LogTakesPart(self);
    }

    internal void Ended(MemberId member, Channel channel, string reason) => LogEnded(self, member, channel, reason);

    internal void SnapshotFailed(MemberId member, ulong index, string reason) => LogSnapshotFailed(self, index, member, reason);

    [LoggerMessage(2201, LogLevel.Debug, "Member {Self}: connected to {Member} for {Channel}")]
    private partial void LogConnected(MemberId self, MemberId member, Channel channel);

    [LoggerMessage(2202, LogLevel.Warning,
        "Member {Self}: no {Channel} connection to {Member}: {Reason}; it is tried again until it stands")]
    private partial void LogConnectionFailed(MemberId self, Channel channel, MemberId member, string reason);

    [LoggerMessage(3709, LogLevel.Warning,
        "Member {Self}: connections to {Member} broke {Breaks} times since the last such line, the last time: {Reason}")]
    private partial void LogFlapping(MemberId self, MemberId member, int breaks, string reason);

    [LoggerMessage(3710, LogLevel.Information, "Member {Self}: both connections to {Member} stand again")]
    private partial void LogMended(MemberId self, MemberId member);

    [LoggerMessage(1210, LogLevel.Error,
        "Member {Self}: {What}. It is tried again every few seconds, and takes part once the other process has ended")]
    private partial void LogStandsAside(MemberId self, string what);

    [LoggerMessage(1211, LogLevel.Warning,
        "Member {Self}: no other process under this identity is connected any more; this one takes part")]
    private partial void LogTakesPart(MemberId self);

    [LoggerMessage(2203, LogLevel.Warning, "Member {Self}: refused a connection from {Address}: {Reason}")]
    private partial void LogRefused(MemberId self, string address, string reason);

    [LoggerMessage(2204, LogLevel.Debug, "Member {Self}: the {Channel} connection from {Member} ended: {Reason}")]
    private partial void LogEnded(MemberId self, MemberId member, Channel channel, string reason);

    [LoggerMessage(2205, LogLevel.Warning, "Member {Self}: sending snapshot {Index} to {Member} broke off: {Reason}")]
    private partial void LogSnapshotFailed(MemberId self, ulong index, MemberId member, string reason);
}
