using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// Asks who is at an address, before anybody relies on it: connects as replicas do, and the other side proves cluster and member.
/// </summary>
public sealed class MemberGreeting(TransportOptions options)
{
    /// <returns>What was found there instead; null when it is that member of this cluster.</returns>
    public async Task<string?> AskAsync(MemberId member, string address, CancellationToken cancellationToken)
    {
        if (HostAndPort.TryParse(address) is not { } endPoint) return "it is not host:port";
        try
        {
            await Task.Factory.StartNew(() => Greet(endPoint, member), cancellationToken, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }
        catch (Exception e) when (PeerSender.EndsConnection(e)) { return e.Message.ReplaceLineEndings(" "); }
        return null;
    }

    private void Greet(System.Net.EndPoint endPoint, MemberId member)
    {
        try { Line.Connect(options, endPoint, member, Channel.Control, onlyAsks: true).Dispose(); }
        // Whoever joins need not know us yet: it has looked at cluster and member before it says so.
        catch (ProtocolException e) when (e.Message.EndsWith(Hello.NotKnown(options.Self), StringComparison.Ordinal)) { }
    }
}
