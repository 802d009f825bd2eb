using System.Net;
using System.Net.Sockets;

namespace VideoScale.Bench.CatchUp;

/// <summary>Stands between a replica and those that connect to it: counts what goes in, and breaks all connections when told to.</summary>
internal sealed class BreakingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private long _bytes;

    internal BreakingRelay(IPEndPoint target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Bytes that went to the replica.</summary>
    internal long Bytes => Interlocked.Read(ref _bytes);

    internal void Break()
    {
        lock (_gate)
        {
            foreach (var socket in _open) socket.Dispose();
            _open.Clear();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (OperationCanceledException) { }
    }

    private async Task CarryAsync(Socket caller)
    {
        using var target = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (caller)
        {
            caller.NoDelay = true;
            try
            {
                await target.ConnectAsync(_target);
                lock (_gate) _open.UnionWith([caller, target]);
                await Task.WhenAny(PumpAsync(caller, target, count: true), PumpAsync(target, caller, count: false));
            }
            // nobody listens yet, or it was broken on purpose
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
            finally
            {
                lock (_gate) _open.ExceptWith([caller, target]);
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool count)
    {
        var buffer = new byte[256 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                if (count) Interlocked.Add(ref _bytes, read);
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent..read));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Break();
        await _accepting;
        _stop.Dispose();
    }
}
