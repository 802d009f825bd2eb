using System.Net;
using System.Net.Sockets;

namespace VideoScale.Harness.Links;

/// <summary>
/// The one address of several replicas, as a TCP balancer gives it: a connection goes to the next replica that takes it, or to the
/// preferred one while that lives.
/// </summary>
public sealed class Balancer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint[] _targets;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly bool _inTurn;
    private int _next;

    public Balancer(int port, IEnumerable<string> targets, bool inTurn = true)
    {
        _inTurn = inTurn;
        _targets = [.. targets.Select(IPEndPoint.Parse)];
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the last connection went; -1 before the first.</summary>
    public int Last { get; private set; } = -1;

    /// <summary>Where connections go from now on, while it takes them.</summary>
    public void Prefer(int target) => Volatile.Write(ref _next, target);

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var near = client;
        for (var tries = 0; tries < _targets.Length; tries++)
        {
            var chosen = (_inTurn ? Interlocked.Increment(ref _next) : Volatile.Read(ref _next) + tries) % _targets.Length;
            using var far = new TcpClient { NoDelay = true };
            try { await far.ConnectAsync(_targets[chosen]); }
            catch (SocketException) { continue; }
            Last = chosen;
            var (here, there) = (near.GetStream(), far.GetStream());
            try { await await Task.WhenAny(here.CopyToAsync(there, _stop.Token), there.CopyToAsync(here, _stop.Token)); }
            catch (Exception e) when (e is IOException or OperationCanceledException) { }
            return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }
}
