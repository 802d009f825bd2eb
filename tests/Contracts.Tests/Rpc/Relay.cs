using System.Net;
using System.Net.Sockets;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>A TCP relay on loopback that can fall silent, or cut its connections.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private volatile bool _silent;

    public Relay(string target)
    {
        _listener.Start();
        _accepting = AcceptAsync(IPEndPoint.Parse(target));
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>Bytes are swallowed from now on; connections stay open.</summary>
    public void FallSilent() => _silent = true;

    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets) { socket.LingerState = new LingerOption(true, 0); socket.Close(); }
            _sockets.Clear();
        }
    }

    private async Task AcceptAsync(IPEndPoint target)
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync(_stop.Token);
                var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await far.ConnectAsync(target, _stop.Token);
                lock (_sockets) { _sockets.Add(near); _sockets.Add(far); }
                _ = CopyAsync(near, far);
                _ = CopyAsync(far, near);
            }
        }
        catch (OperationCanceledException) { }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var n)
                if (!_silent) await to.SendAsync(buffer.AsMemory(0, n));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        Cut();
        _stop.Dispose();
    }
}
