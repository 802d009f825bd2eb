using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>Where the other members connect: each connection's requests are carried out in order, and answered.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private const int Backlog = 64;
    private readonly TransportSettings _settings;
    private readonly SnapshotStore _snapshots;
    private readonly TransportLog _log;
    private readonly Socket _listen;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _served = new();
    private Task _accepting = Task.CompletedTask;

    /// <summary>Binds at once, so that a port in use is known at the start.</summary>
    internal Listener(TransportSettings settings, SnapshotStore snapshots, TransportLog log)
    {
        (_settings, _snapshots, _log) = (settings, snapshots, log);
        _listen = new Socket(settings.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listen.Bind(settings.Listen);
            _listen.Listen(Backlog);
        }
        catch (SocketException e)
        {
            _listen.Dispose();
            throw new IOException($"cannot listen on {settings.Listen} for other replicas: {e.Message}; "
                + (e.SocketErrorCode == SocketError.AddressNotAvailable ? "name an address of this machine"
                    : "choose another port or stop what holds it"), e);
        }
    }

    internal void Start(IRequests requests) => _accepting = AcceptAsync(requests);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listen.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_served.Keys).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync(IRequests requests)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listen.AcceptAsync(_stop.Token).ConfigureAwait(false);
                var serving = Task.Run(() => ServeAsync(socket, requests), CancellationToken.None);
                _served[serving] = true;
                _ = serving.ContinueWith(done => _served.TryRemove(done, out _), TaskScheduler.Default);
            }
            catch (OperationCanceledException) { return; }
            catch (Exception e) when (Connection.Ends(e)) { if (_stop.IsCancellationRequested) return; }
        }
    }

    private async Task ServeAsync(Socket socket, IRequests requests)
    {
        var address = socket.RemoteEndPoint?.ToString() ?? "";
        try
        {
            using var connection = await Connection.AcceptAsync(_settings, socket, requests.Knows, _stop.Token).ConfigureAwait(false);
            if (connection.Hello.Channel == Channel.Snapshot)
                await SnapshotTransfer.ReceiveAsync(connection, _snapshots, requests, _stop.Token).ConfigureAwait(false);
            else
                while (await connection.ReceiveAsync(_stop.Token).ConfigureAwait(false) is { } frame)
                {
                    var reply = await CarryOutAsync(connection.Hello.From, frame.Type, frame.Body, requests).ConfigureAwait(false);
                    await connection.SendAsync(reply.ToFrame(), _stop.Token).ConfigureAwait(false);
                }
        }
        catch (OperationCanceledException) { } // this replica stops, or what it was asked is moot: the caller sees the end
        catch (ProtocolException e) { _log.Refused(address, e.Message); }
        catch (Exception e) when (Connection.Ends(e)) { }
        catch (Exception e) { _log.RequestFailed(address, e); } // what broke the log ends the process by another way
    }

    private ValueTask<Reply> CarryOutAsync(MemberId from, FrameType type, ReadOnlyMemory<byte> body, IRequests requests) => type switch
    {
        FrameType.PreVote => requests.PreVoteAsync(from, VoteRequest.Decode(body.Span), _stop.Token),
        FrameType.Vote => requests.VoteAsync(from, VoteRequest.Decode(body.Span), _stop.Token),
        FrameType.Append => requests.AppendAsync(from, AppendHead.Read(body.Span), body[AppendHead.Bytes..], _stop.Token),
        FrameType.Ping => new ValueTask<Reply>(requests.Ping()),
        FrameType.ReadIndex => requests.ReadIndexAsync(_stop.Token),
        _ => throw new ProtocolException($"a {type} frame among requests"),
    };
}
