using System.Buffers;
using System.Net.WebSockets;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>A client's WebSocket: whole binary messages, sized; answers its pings itself.</summary>
internal sealed class ClientSocket(WebSocket socket) : IDisposable
{
    private const int MostOctets = TextLimits.MaxSignalMessageBytes;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ArrayBufferWriter<byte> _received = new(4096);

    /// <summary>The next request that is not a ping; null when the client has closed, is broken, or sends what is too large.</summary>
    internal async Task<(SignalRequest Request, ByteString Octets)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _received.ResetWrittenCount();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(_received.GetMemory(4096), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close) return null;
                _received.Advance(part.Count);
                if (_received.WrittenCount > MostOctets) return null;
            }
            while (!part.EndOfMessage);
            SignalRequest request;
            try { request = SignalRequest.Parser.ParseFrom(_received.WrittenSpan); }
            catch (InvalidProtocolBufferException) { continue; } // a newer client's, or no client's
            if (!await AnswerPingAsync(request, cancellationToken)) return (request, ByteString.CopyFrom(_received.WrittenSpan));
        }
    }

    private async Task<bool> AnswerPingAsync(SignalRequest request, CancellationToken cancellationToken)
    {
        var nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        switch (request.MessageCase)
        {
            case SignalRequest.MessageOneofCase.Ping:
                await SendAsync(new SignalResponse { Pong = nowMs }, cancellationToken);
                return true;
            case SignalRequest.MessageOneofCase.PingReq:
                await SendAsync(new SignalResponse { PongResp = new Pong { LastPingTimestamp = request.PingReq.Timestamp, Timestamp = nowMs } }, cancellationToken);
                return true;
            default: return false;
        }
    }

    internal Task SendAsync(SignalResponse response, CancellationToken cancellationToken) => SendAsync(response.ToByteString(), cancellationToken);

    internal async Task SendAsync(ByteString response, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try { await socket.SendAsync(response.Memory, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken); }
        finally { _sending.Release(); }
    }

    internal async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken);
    }

    public void Dispose()
    {
        socket.Dispose();
        _sending.Dispose();
    }
}
