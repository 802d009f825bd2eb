using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Grpc.Core;
using VideoScale.Gateway.Rooms;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>One stream to a node, from the attempt to open it to its end.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A source without timer and parent holds nothing; it may be cancelled late.")]
internal sealed class LineRunner(int number, ClientOutbox client, Action<SessionInput> post)
{
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<GatewayMessage> _outbox =
        Channel.CreateUnbounded<GatewayMessage>(new UnboundedChannelOptions { SingleReader = true });

    internal int Number => number;

    internal void Send(GatewayMessage message) => _outbox.Writer.TryWrite(message);

    /// <summary>Nothing follows what was sent.</summary>
    internal void Complete() => _outbox.Writer.TryComplete();

    internal void Close() => _closing.Cancel();

    internal async Task RunAsync(MediaNodes nodes, string nodeAddress, OpenSession open)
    {
        NodeLine line;
        try { line = await NodeLine.OpenAsync(nodes, nodeAddress, open, _closing.Token); }
        catch (OperationCanceledException) { return; } // nobody waits for it any more
        catch (RpcException e)
        {
            post(new SessionInput.LineRefused(number, e.StatusCode, e.Status.Detail));
            return;
        }
        using (line)
        {
            post(new SessionInput.LineOpened(number, line.ParticipantSid, line.Acknowledges));
            var sending = SendAsync(line);
            await ReceiveAsync(line);
            await _closing.CancelAsync();
            await sending;
        }
        post(new SessionInput.LineEnded(number));
    }

    private async Task ReceiveAsync(NodeLine line)
    {
        try
        {
            while (await line.ReceiveAsync(_closing.Token) is { } message)
            {
                post(new SessionInput.NodeSaid(number, message));
                await client.DrainAsync(_closing.Token);
            }
        }
        catch (Exception e) when (NodeLine.IsGone(e)) { }
    }

    private async Task SendAsync(NodeLine line)
    {
        try
        {
            await foreach (var message in _outbox.Reader.ReadAllAsync(_closing.Token))
            {
                await line.SendAsync(message, _closing.Token);
                if (!line.Acknowledges && message.KindCase == GatewayMessage.KindOneofCase.Request)
                    post(new SessionInput.LineSent(number, message.Number));
            }
            await line.CompleteAsync();
        }
        catch (Exception e) when (NodeLine.IsGone(e)) { } // whoever receives from the node meets the same end
    }
}
