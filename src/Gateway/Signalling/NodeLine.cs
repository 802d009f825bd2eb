using Grpc.Core;
using VideoScale.Gateway.Rooms;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>The stream to the media node that has the session. One sends, one receives.</summary>
internal sealed class NodeLine : IDisposable
{
    private readonly AsyncDuplexStreamingCall<GatewayMessage, SessionMessage> _call;

    private NodeLine(AsyncDuplexStreamingCall<GatewayMessage, SessionMessage> call, SessionOpened opened)
    {
        _call = call;
        ParticipantSid = opened.ParticipantSid;
        Acknowledges = opened.Acknowledges;
    }

    internal string ParticipantSid { get; }

    /// <summary>The node says what it has handled; one of an older version does not.</summary>
    internal bool Acknowledges { get; }

    /// <param name="limit">Bounds the opening alone: an open line ends when it is disposed of.</param>
    /// <exception cref="RpcException">The node refuses the session, or does not answer.</exception>
    /// <exception cref="OperationCanceledException">The limit was reached.</exception>
    internal static async Task<NodeLine> OpenAsync(MediaNodes nodes, string nodeAddress, OpenSession open, CancellationToken limit)
    {
        var call = nodes.Sessions(nodeAddress).Signal(nodes.Headers(), cancellationToken: CancellationToken.None);
        try
        {
            await call.RequestStream.WriteAsync(new GatewayMessage { Open = open }, limit);
            if (!await call.ResponseStream.MoveNext(limit) || call.ResponseStream.Current.Opened is not { } opened)
                throw new RpcException(new Status(StatusCode.Internal, "the node did not open the session"));
            return new NodeLine(call, opened);
        }
        catch (Exception e)
        {
            call.Dispose();
            if (e is RpcException { StatusCode: StatusCode.Cancelled } && limit.IsCancellationRequested)
                throw new OperationCanceledException(e.Message, e, limit);
            throw;
        }
    }

    internal Task SendAsync(GatewayMessage message, CancellationToken cancellationToken) =>
        _call.RequestStream.WriteAsync(message, cancellationToken);

    /// <summary>The client has said all: the node ends the stream once that is done.</summary>
    internal Task CompleteAsync() => _call.RequestStream.CompleteAsync();

    /// <summary>The next message; null when the node ended the stream.</summary>
    internal async Task<SessionMessage?> ReceiveAsync(CancellationToken cancellationToken) =>
        await _call.ResponseStream.MoveNext(cancellationToken) ? _call.ResponseStream.Current : null;

    /// <summary>The stream ended, broke or was let go.</summary>
    internal static bool IsGone(Exception e) =>
        e is RpcException or InvalidOperationException or IOException or OperationCanceledException or ObjectDisposedException;

    public void Dispose() => _call.Dispose();
}
