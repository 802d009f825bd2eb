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
    private readonly ConcurrentDictionary<Socket, Socket> _pairs = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private long _downOctets;

    public TcpRelay(IPAddress address, IPEndPoint server)
    {
        (_address, _server) = (address, server);
        _listener = new TcpListener(address, server.Port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Widest rate from the server to each client, in kbit/s; 0 for no limit.</summary>
    public int DownKbps { get; set; }
    public int Connections => _pairs.Count;
    public long DownOctets => Volatile.Read(ref _downOctets);

    /// <summary>Ends all connections; new ones may come.</summary>
    public void Cut()
    {
        foreach (var (client, server) in _pairs)
        {
            client.Dispose();
            server.Dispose();
        }
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
        try
        {
            client.NoDelay = server.NoDelay = true;
            client.SendBufferSize = BufferOctets;
            server.Bind(new IPEndPoint(_address, 0)); // Firefox takes no answer that says it was seen at a loopback address
            await server.ConnectAsync(_server, _stop.Token);
            _pairs[client] = server;
            await Task.WhenAny(CopyAsync(client, server, isDown: false), CopyAsync(server, client, isDown: true));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
        finally
        {
            _pairs.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isDown)
    {
        var octets = new byte[ChunkOctets];
        try
        {
            while (await from.ReceiveAsync(octets, _stop.Token) is > 0 and var length)
            {
                if (isDown && DownKbps is > 0 and var kbps) await Task.Delay(TimeSpan.FromMilliseconds(length * 8.0 / kbps), _stop.Token);
                for (var sent = 0; sent < length;) sent += await to.SendAsync(octets.AsMemory(sent, length - sent), _stop.Token);
                if (isDown) Interlocked.Add(ref _downOctets, length);
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
