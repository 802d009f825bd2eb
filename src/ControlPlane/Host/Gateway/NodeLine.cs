using Google.Protobuf;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>The stream to the media node that has the session.</summary>
internal sealed class NodeLine : IDisposable
{
    private readonly AsyncDuplexStreamingCall<GatewayMessage, SessionMessage> _call;

    private NodeLine(AsyncDuplexStreamingCall<GatewayMessage, SessionMessage> call, SessionOpened opened)
    {
        _call = call;
        ParticipantSid = opened.ParticipantSid;
    }

    internal string ParticipantSid { get; }

    /// <exception cref="RpcException">The node refuses the session, or does not answer.</exception>
    internal static async Task<NodeLine> OpenAsync(RoomDoor door, string nodeAddress, OpenSession open, CancellationToken cancellationToken)
    {
        var call = door.Sessions(nodeAddress).Signal(door.OwnHeaders(), cancellationToken: cancellationToken);
        try
        {
            await call.RequestStream.WriteAsync(new GatewayMessage { Open = open }, cancellationToken);
            if (!await call.ResponseStream.MoveNext(cancellationToken) || call.ResponseStream.Current.Opened is not { } opened)
                throw new RpcException(new Status(StatusCode.Internal, "the node did not open the session"));
            return new NodeLine(call, opened);
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    internal Task SendAsync(ByteString request, CancellationToken cancellationToken) => _call.RequestStream.WriteAsync(new GatewayMessage { Request = request }, cancellationToken);

    /// <summary>The next message; null when the node ended the stream.</summary>
    internal async Task<SessionMessage?> ReceiveAsync(CancellationToken cancellationToken) =>
        await _call.ResponseStream.MoveNext(cancellationToken) ? _call.ResponseStream.Current : null;

    public void Dispose() => _call.Dispose();
}
