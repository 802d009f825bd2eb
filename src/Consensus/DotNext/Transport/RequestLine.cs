using System.Net;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>
/// Requests to one member on a connection of their own, one after the other, each within its limit. One that fails or takes too long ends
/// the connection, so that no late answer is ever taken for another's; the next request makes a new one.
/// </summary>
internal sealed class RequestLine(TransportSettings settings, EndPoint address, MemberId to, Channel channel, TransportLog log)
    : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Connection? _connection;
    private bool _disposed;

    /// <exception cref="TimeoutException">No answer within the limit.</exception>
    /// <exception cref="IOException">No connection, or it ended.</exception>
    internal async Task<T> AskAsync<T>(ReadOnlyMemory<byte> request, TimeSpan limit, Func<ReadOnlyMemory<byte>, T> decode,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(limit);
        var taken = false;
        try
        {
            await _turn.WaitAsync(stop.Token).ConfigureAwait(false);
            taken = true;
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connection is null)
            {
                _connection = await Connection.ConnectAsync(settings, address, to, channel, stop.Token).ConfigureAwait(false);
                log.Connected(to, channel);
            }
            await _connection.SendAsync(request, stop.Token).ConfigureAwait(false);
            var (type, body) = await _connection.ReceiveAsync(stop.Token).ConfigureAwait(false)
                ?? throw new ProtocolException("the other side closed the connection");
            if (type != FrameType.Reply) throw new ProtocolException($"a {type} frame instead of a reply");
            return decode(body);
        }
        catch (Exception e)
        {
            if (taken) Drop();
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"member {to} did not answer within {limit.TotalMilliseconds:0} ms", e);
            if (Connection.Ends(e) && !_disposed) log.ConnectionFailed(to, channel, e);
            throw;
        }
        finally
        {
            if (taken) _turn.Release();
        }
    }

    /// <summary>Ends what is under way; the next request connects again.</summary>
    internal void Abort() => _connection?.Close();

    public void Dispose()
    {
        _disposed = true;
        _connection?.Close();
    }

    private void Drop()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
