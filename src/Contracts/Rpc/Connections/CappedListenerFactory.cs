using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>
/// Kestrel's listening sockets, with a cap: what comes beyond is accepted and closed at once, so that whoever connects knows, and no
/// descriptor is held.
/// </summary>
/// <remarks>
/// Counted where connections are accepted and not by a limit of Kestrel's: that one counts per port, after the fact, and forgets
/// connections that became WebSockets.
/// </remarks>
internal sealed class CappedListenerFactory(ConnectionLimits limits, ConnectionLog log, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>Addresses, and sockets that were handed over: those are flooded like any other.</summary>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or FileHandleEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = Open(endpoint);
        try
        {
            if (endpoint is IPEndPoint { Address: var address } at)
            {
                if (address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
                socket.Bind(at);
            }
            socket.Listen(Backlog);
            if (socket.LocalEndPoint is not IPEndPoint) throw new NotSupportedException("the socket that was handed over is no TCP socket");
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }) throw new AddressInUseException(e.Message, e);
            throw;
        }
        return ValueTask.FromResult<IConnectionListener>(new CappedListener(socket, limits, log, loggers));
    }

    private const int Backlog = 512; // as Kestrel's own

    /// <summary>Of a socket that was handed over we are not the owner: to shut it down would take it from whoever serves it next.</summary>
    private static Socket Open(EndPoint endpoint) => endpoint is FileHandleEndPoint handed
        ? new Socket(new SafeSocketHandle((nint)handed.FileHandle, ownsHandle: false))
        : new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Makes an accepted socket a connection; the place is free again when that fails.</summary>
    /// <returns>Null when the socket ended meanwhile.</returns>
    internal static ConnectionContext? Enter(Socket accepted, IDisposable place, SocketConnectionContextFactory factory)
    {
        var entered = false;
        try
        {
            accepted.NoDelay = true;
            var connection = new CountedConnection(factory.Create(accepted), place);
            entered = true;
            return connection;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { return null; }
        finally
        {
            if (!entered)
            {
                place.Dispose();
                accepted.Dispose();
            }
        }
    }

    private sealed class CappedListener(Socket listening, ConnectionLimits limits, ConnectionLog log, ILoggerFactory loggers)
        : IConnectionListener
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
        private readonly SocketConnectionContextFactory _factory = new(new SocketConnectionFactoryOptions(),
            loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));

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
                    if (Enter(socket, place, _factory) is { } connection) return connection;
                }
                catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException) { return null; }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted) { return null; }
                // it went before it was met
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted) { }
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
