using System.Net;
using System.Net.Sockets;

namespace VideoScale.Export.Tests.Databases;

/// <summary>Between an exporter and the database: loses what the database answers, once, when told.</summary>
internal sealed class LossyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly UnixDomainSocketEndPoint _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _lose;

    internal LossyProxy(string socket)
    {
        _server = new UnixDomainSocketEndPoint(socket);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What is asked next is passed on, its answer is not, and the connection is gone.</summary>
    internal void LoseNextAnswer() => Interlocked.Exchange(ref _lose, 1);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true) _ = CarryAsync(await _listener.AcceptSocketAsync(_stop.Token));
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            await server.ConnectAsync(_server);
            await Task.WhenAny(PumpAsync(client, server, mayLose: false), PumpAsync(server, client, mayLose: true));
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool mayLose)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
        {
            if (mayLose && Interlocked.Exchange(ref _lose, 0) == 1) return;
            for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent..count), _stop.Token);
        }
    }
}
