using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Etcd.Client;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>What is wrong with etcd now, for whoever asks this replica; each new trouble is said once in the log.</summary>
internal sealed partial class Troubles(ILogger<EtcdLog> logger, MemberId self)
{
    private readonly ConcurrentDictionary<string, Trouble> _now = new(StringComparer.Ordinal);

    private readonly record struct Trouble(string Message, bool IsSilence);

    internal IReadOnlyList<string> Notices =>
        [.. _now.Values.Select(static trouble => trouble.Message).Distinct().Order(StringComparer.Ordinal)];

    /// <param name="what">Which of our doings meets it: it is over when that one succeeds.</param>
    internal void Note(string what, EtcdException e)
    {
        var before = _now.TryGetValue(what, out var known) ? known.Message : null;
        _now[what] = new Trouble(e.Message, !e.IsCertain);
        // Which member did not answer, and in which words, changes from try to try: that is no news.
        if (before is null || (e.IsCertain && before != e.Message)) LogTrouble(self, what, e.Message);
    }

    internal void Note(string what, string message)
    {
        if (_now.TryGetValue(what, out var known) && known.Message == message) return;
        _now[what] = new Trouble(message, IsSilence: false);
        LogTrouble(self, what, message);
    }

    internal void Over(string what)
    {
        if (!_now.IsEmpty && _now.TryRemove(what, out _)) LogOver(self, what);
    }

    /// <summary>etcd answers: whoever had no answer may not ask again for long, so that is over too.</summary>
    internal void Answered()
    {
        foreach (var (what, trouble) in _now)
            if (trouble.IsSilence) Over(what);
    }

    [LoggerMessage(1351, LogLevel.Warning, "Replica {Self}, {What}: {Message}")]
    private partial void LogTrouble(MemberId self, string what, string message);

    [LoggerMessage(1352, LogLevel.Information, "Replica {Self}, {What}: goes on again")]
    private partial void LogOver(MemberId self, string what);
}
