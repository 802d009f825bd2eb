using System.Net;
using System.Net.Sockets;

namespace VideoScale.Harness.Links;

/// <summary>UDP ports whose datagrams go nowhere, as behind a firewall that drops them without a word; counted.</summary>
public sealed class UdpHole : IDisposable
{
    private readonly List<Socket> _sockets = [];
    private readonly byte[] _octets = new byte[2048];
    private long _datagrams;

    public UdpHole(IPAddress address, IEnumerable<int> ports)
    {
        foreach (var port in ports)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(address, port));
            _sockets.Add(socket);
            _ = SwallowAsync(socket);
        }
    }

    public long Datagrams => Volatile.Read(ref _datagrams);

    private async Task SwallowAsync(Socket socket)
    {
        try
        {
            while (true)
            {
                await socket.ReceiveAsync(_octets);
                Interlocked.Increment(ref _datagrams);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
    }
}
