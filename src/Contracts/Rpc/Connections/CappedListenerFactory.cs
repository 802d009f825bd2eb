using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Kestrel's listening sockets, with a cap: what comes beyond is accepted and closed at once, so that whoever connects knows, and no descriptor is held.</summary>
/// <remarks>Counted where connections are accepted and not by a limit of Kestrel's: that one counts per port, after the fact, and forgets connections that became WebSockets.</remarks>
internal sealed class CappedListenerFactory(ConnectionLimits limits, ConnectionLog log, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var address = (IPEndPoint)endpoint;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(address);
            socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            if (e.SocketErrorCode == SocketError.AddressAlreadyInUse) throw new AddressInUseException(e.Message, e);
            throw;
        }
        return ValueTask.FromResult<IConnectionListener>(new CappedListener(socket, limits, log, loggers));
    }

    private const int Backlog = 512; // as Kestrel's own

    private sealed class CappedListener(Socket listening, ConnectionLimits limits, ConnectionLog log, ILoggerFactory loggers) : IConnectionListener
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
        private readonly SocketConnectionContextFactory _factory = new(new SocketConnectionFactoryOptions(), loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));

        public EndPoint EndPoint { get; } = listening.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    var socket = await listening.AcceptAsync(cancellationToken).ConfigureAwait(false);
                    if (limits.TryEnter((IPEndPoint)EndPoint) is not { } place)
                    {
                        socket.Dispose(); // the caller sees the end at once, and the descriptor is free
                        log.Refused(((IPEndPoint)EndPoint).Port, limits);
                        continue;
                    }
                    socket.NoDelay = true;
                    return new CountedConnection(_factory.Create(socket), place);
                }
                catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException) { return null; }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted) { return null; }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted) { } // it went before it was met
                catch (SocketException e)
                {
                    log.AcceptFailed(((IPEndPoint)EndPoint).Port, e.Message); // the descriptors are all in use, which passes
                    await Task.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            listening.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            listening.Dispose();
            _factory.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
