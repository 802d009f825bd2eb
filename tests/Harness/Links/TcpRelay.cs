using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace VideoScale.Harness.Links;

/// <summary>
/// Stands between clients and a server's TCP port under an address of its own; what the server sends passes at a chosen rate, and a
/// client's connections can be cut.
/// </summary>
public sealed class TcpRelay : IDisposable
{
    private const int ChunkOctets = 4096;
    /// <summary>So that what does not pass stays with its sender, and is not taken in here.</summary>
    private const int BufferOctets = 8 << 10;

    private readonly TcpListener _listener;
    private readonly IPAddress _address;
    private readonly IPEndPoint _server;
    private readonly ConcurrentDictionary<TcpPath, bool> _paths = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public TcpRelay(IPAddress address, IPEndPoint server)
    {
        (_address, _server) = (address, server);
        _listener = new TcpListener(address, server.Port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Connections that stand.</summary>
    public IReadOnlyCollection<TcpPath> Paths => [.. _paths.Keys];

    /// <summary>Ends all connections; new ones may come.</summary>
    public void Cut()
    {
        foreach (var path in _paths.Keys) path.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException) { }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = BufferOctets };
        TcpPath? path = null;
        try
        {
            client.NoDelay = server.NoDelay = true;
            client.SendBufferSize = BufferOctets;
            server.Bind(new IPEndPoint(_address, 0)); // Firefox takes no answer that says it was seen at a loopback address
            await server.ConnectAsync(_server, _stop.Token);
            path = new TcpPath(client, server);
            _paths[path] = true;
            await Task.WhenAny(CopyAsync(client, server, () => 0), CopyAsync(server, client, () => path.DownKbps));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
        finally
        {
            if (path is not null) _paths.TryRemove(path, out _);
            client.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, Func<int> kbps)
    {
        var octets = new byte[ChunkOctets];
        try
        {
            while (await from.ReceiveAsync(octets, _stop.Token) is > 0 and var length)
            {
                if (kbps() is > 0 and var rate) await Task.Delay(TimeSpan.FromMilliseconds(length * 8.0 / rate), _stop.Token);
                for (var sent = 0; sent < length;) sent += await to.SendAsync(octets.AsMemory(sent, length - sent), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        Cut();
        _accepting.Wait();
        _stop.Dispose();
    }
}

/// <summary>One connection through the relay.</summary>
public sealed class TcpPath : IDisposable
{
    private readonly Socket _client, _server;

    internal TcpPath(Socket client, Socket server) => (_client, _server) = (client, server);

    /// <summary>Widest rate from the server to the client, in kbit/s; 0 for no limit.</summary>
    public int DownKbps { get; set; }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }
}
