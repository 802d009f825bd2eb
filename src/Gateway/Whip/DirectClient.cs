using System.Threading.Channels;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Gateway.Signalling;

namespace VideoScale.Gateway.Whip;

/// <summary>Speaks LiveKit's signalling to a session for a client that has none.</summary>
internal sealed class DirectClient : IClient
{
    private readonly Channel<SignalRequest> _requests =
        Channel.CreateUnbounded<SignalRequest>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<SignalResponse> _told =
        Channel.CreateUnbounded<SignalResponse>(new UnboundedChannelOptions { SingleReader = true });

    public bool IsQuiet => false;

    public bool IsUnanswering => false;

    internal void Say(SignalRequest request) => _requests.Writer.TryWrite(request);

    /// <summary>It says no more; what it said is delivered.</summary>
    internal void Close() => _requests.Writer.TryComplete();

    /// <summary>What the session tells it next; null when that was all.</summary>
    /// <exception cref="OperationCanceledException">It has waited long enough.</exception>
    internal async ValueTask<SignalResponse?> HearAsync(CancellationToken cancellationToken) =>
        await _told.Reader.WaitToReadAsync(cancellationToken) && _told.Reader.TryRead(out var told) ? told : null;

    public async Task<(SignalRequest Request, ByteString Octets)?> ReceiveAsync(CancellationToken cancellationToken) =>
        await _requests.Reader.WaitToReadAsync(cancellationToken) && _requests.Reader.TryRead(out var said)
            ? (said, said.ToByteString()) : null;

    public Task SendAsync(ByteString response, CancellationToken cancellationToken)
    {
        _told.Writer.TryWrite(SignalResponse.Parser.ParseFrom(response));
        return Task.CompletedTask;
    }

    public Task CloseAsync(bool isGoingAway, CancellationToken cancellationToken)
    {
        Abort();
        return Task.CompletedTask;
    }

    public void Abort()
    {
        _told.Writer.TryComplete();
        Close();
    }
}
