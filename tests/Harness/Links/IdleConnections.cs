using System.Globalization;
using System.Net.Sockets;

namespace VideoScale.Harness.Links;

/// <summary>Connections that are made and say nothing.</summary>
public sealed class IdleConnections : IDisposable
{
    private readonly List<Socket> _sockets = [];

    /// <summary>Those that the other side has closed or refused.</summary>
    public int Closed => _sockets.Count(IsClosed);

    public async Task OpenAsync(string address, int count)
    {
        var at = address.LastIndexOf(':');
        var port = int.Parse(address[(at + 1)..], CultureInfo.InvariantCulture);
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            try { await socket.ConnectAsync(address[..at], port); }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset) { } // closed before we saw that it stood
        }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _sockets.Clear();
    }

    /// <summary>An HTTP/2 server greets before it hears anything; what reads nothing, or a reset, is closed.</summary>
    private static bool IsClosed(Socket socket)
    {
        if (!socket.Connected) return true;
        if (!socket.Poll(0, SelectMode.SelectRead)) return false;
        try { return socket.Receive(new byte[1], SocketFlags.Peek) == 0; }
        catch (SocketException) { return true; }
    }
}
