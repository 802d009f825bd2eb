using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>Says each new trouble with a member once, not at every try.</summary>
internal sealed partial class TransportLog(ILogger logger, MemberId self)
{
    private const int MostRefusalsRemembered = 1_000;
    private readonly ConcurrentDictionary<(MemberId, Channel), string> _troubles = new();
    private readonly ConcurrentDictionary<string, bool> _refusals = new(StringComparer.Ordinal);

    internal void Connected(MemberId member, Channel channel)
    {
        if (_troubles.TryRemove((member, channel), out _)) LogMended(self, member, channel);
    }

    internal void ConnectionFailed(MemberId member, Channel channel, Exception e)
    {
        if (_troubles.TryAdd((member, channel), e.Message)) LogConnectionFailed(self, member, channel, e.Message);
    }

    internal void Refused(string address, string reason)
    {
        if (_refusals.Count > MostRefusalsRemembered) _refusals.Clear();
        var host = address.Contains(':', StringComparison.Ordinal) ? address[..address.LastIndexOf(':')] : address;
        if (_refusals.TryAdd($"{host} {reason}", true)) LogRefused(self, address, reason);
    }

    internal void RequestFailed(string address, Exception e) => LogRequestFailed(e, self, address);

    [LoggerMessage(1301, LogLevel.Warning, "Replica {Self} has no {Channel} connection to member {Member}: {Reason}")]
    private partial void LogConnectionFailed(MemberId self, MemberId member, Channel channel, string reason);

    [LoggerMessage(1302, LogLevel.Information, "Replica {Self} has its {Channel} connection to member {Member} again")]
    private partial void LogMended(MemberId self, MemberId member, Channel channel);

    [LoggerMessage(1303, LogLevel.Warning, "Replica {Self} refuses {Address}: {Reason}")]
    private partial void LogRefused(MemberId self, string address, string reason);

    [LoggerMessage(1304, LogLevel.Error, "Replica {Self} could not carry out what {Address} asked")]
    private partial void LogRequestFailed(Exception cause, MemberId self, string address);
}
