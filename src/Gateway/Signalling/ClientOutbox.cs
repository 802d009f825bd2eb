using System.Threading.Channels;
using Google.Protobuf;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// What a client is to be told, in order: a client that is slow to take it keeps nobody waiting but the node that says it.
/// </summary>
/// <param name="lost">Called once, when nothing reaches the client any more; the rest is let go.</param>
internal sealed class ClientOutbox(IClient client, Action lost) : IDisposable
{
    /// <summary>So many messages wait before no more is taken from the node.</summary>
    private const int MaxWaiting = 16;
    private static readonly ByteString CloseMark = ByteString.CopyFromUtf8("close");

    private bool _isGoingAway;

    private readonly Channel<ByteString> _waiting =
        Channel.CreateUnbounded<ByteString>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _taken = new(0, 1);

    private int _count; // of what waits

    internal void Tell(ByteString response) => Add(response);

    /// <summary>Closes the socket when all was told; nothing is told after that.</summary>
    /// <param name="isGoingAway">For the client to know that another gateway would serve it.</param>
    internal void Close(bool isGoingAway)
    {
        _isGoingAway = isGoingAway; // before the mark is read
        Add(CloseMark);
        _waiting.Writer.TryComplete();
    }

    private void Add(ByteString message)
    {
        Interlocked.Increment(ref _count);
        if (!_waiting.Writer.TryWrite(message)) Interlocked.Decrement(ref _count);
    }

    /// <summary>Waits until the client has taken most of it.</summary>
    internal async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _count) > MaxWaiting) await _taken.WaitAsync(cancellationToken);
    }

    /// <summary>Ends when the socket is closed.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var isLost = false;
        await foreach (var response in _waiting.Reader.ReadAllAsync(cancellationToken))
        {
            Interlocked.Decrement(ref _count);
            if (_taken.CurrentCount == 0) _taken.Release();
            try
            {
                if (ReferenceEquals(response, CloseMark)) await client.CloseAsync(_isGoingAway, cancellationToken);
                else if (!isLost) await client.SendAsync(response, cancellationToken);
            }
            catch (Exception e) when (ClientSocket.IsGone(e) && !cancellationToken.IsCancellationRequested)
            {
                if (!isLost && !ReferenceEquals(response, CloseMark)) lost();
                isLost = true;
            }
        }
    }

    public void Dispose() => _taken.Dispose();
}
