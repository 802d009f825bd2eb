using System.Buffers;
using System.Net.WebSockets;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Model;

namespace VideoScale.Gateway.Signalling;

/// <summary>A client's WebSocket: whole binary messages, sized; answers its pings itself.</summary>
internal sealed class ClientSocket(WebSocket socket, TimeProvider clock) : IClient, IDisposable
{
    private const int MostOctets = TextLimits.MaxSignalMessageBytes;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private long _heardAt = clock.GetTimestamp();
    private readonly ReadPace _pace = new();
    private readonly ArrayBufferWriter<byte> _received = new(4096);

    private volatile bool _pings; // as it was told to: so its silence means something

    /// <summary>It sends pings, and has said nothing at all for as long as it was told would make it lost.</summary>
    public bool IsQuiet => _pings && clock.GetElapsedTime(Volatile.Read(ref _heardAt)) >= SignalTiming.PingTimeout;

    /// <summary>It stopped answering WebSocket's own pings, which every client of any age does: it is frozen, or cut off.</summary>
    public bool IsUnanswering { get; private set; }

    /// <summary>The next request that is not a ping; null when the client has closed, is broken, or sends what is too large.</summary>
    public async Task<(SignalRequest Request, ByteString Octets)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _received.ResetWrittenCount();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await ReceivePartAsync(cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close) return null;
                _received.Advance(part.Count);
                Volatile.Write(ref _heardAt, clock.GetTimestamp());
                if (_received.WrittenCount > MostOctets) return null;
                if (_pace.Read(part.Count, (long)clock.GetElapsedTime(0).TotalMilliseconds) is { Ticks: > 0 } wait)
                    await Task.Delay(wait, clock, cancellationToken);
            }
            while (!part.EndOfMessage);
            SignalRequest request;
            try { request = SignalRequest.Parser.ParseFrom(_received.WrittenSpan); }
            catch (InvalidProtocolBufferException) { continue; } // a newer client's, or no client's
            if (!await AnswerPingAsync(request, cancellationToken)) return (request, ByteString.CopyFrom(_received.WrittenSpan));
        }
    }

    private async Task<ValueWebSocketReceiveResult> ReceivePartAsync(CancellationToken cancellationToken)
    {
        try { return await socket.ReceiveAsync(_received.GetMemory(4096), cancellationToken); }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A socket that the client closed or reset is closed; this one we gave up ourselves, for want of an answer.
            IsUnanswering = socket.State == WebSocketState.Aborted;
            throw;
        }
    }

    private async Task<bool> AnswerPingAsync(SignalRequest request, CancellationToken cancellationToken)
    {
        if (request.MessageCase is not (SignalRequest.MessageOneofCase.Ping or SignalRequest.MessageOneofCase.PingReq)) return false;
        _pings = true;
        try { await PongAsync(request, cancellationToken); }
        catch (Exception e) when (e is WebSocketException or IOException) { } // what it said after that is read all the same
        return true;
    }

    private async Task PongAsync(SignalRequest request, CancellationToken cancellationToken)
    {
        var nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        // livekit-client sends both and takes either for an answer; older ones know the plain one alone.
        await SendAsync(request.MessageCase == SignalRequest.MessageOneofCase.Ping ? new SignalResponse { Pong = nowMs }
            : new SignalResponse { PongResp = new Pong { LastPingTimestamp = request.PingReq.Timestamp, Timestamp = nowMs } },
                cancellationToken);
    }

    private Task SendAsync(SignalResponse response, CancellationToken cancellationToken) =>
        SendAsync(response.ToByteString(), cancellationToken);

    public async Task SendAsync(ByteString response, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try { await socket.SendAsync(response.Memory, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken); }
        finally { _sending.Release(); }
    }

    /// <summary>A socket that is closed, broken or let go.</summary>
    internal static bool IsGone(Exception e) =>
        e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    /// <param name="isGoingAway">Some clients take a normal closure for their own, and do not come back.</param>
    public async Task CloseAsync(bool isGoingAway, CancellationToken cancellationToken)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
        await (isGoingAway ? socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "going away", cancellationToken)
            : socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken));
    }

    /// <summary>It takes nothing any more and does not say that it is gone.</summary>
    public void Abort() => socket.Abort();

    public void Dispose()
    {
        socket.Dispose();
        _sending.Dispose();
    }
}
