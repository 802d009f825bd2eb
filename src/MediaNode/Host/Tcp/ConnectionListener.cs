using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>
/// The node's TCP port. Each connection waits here, bounded in number and time, until its first packet, which has to be a check, names a
/// peer; that peer's shard has it from then on.
/// </summary>
public sealed class ConnectionListener : IDisposable
{
    private const int Backlog = 512;
    /// <summary>Before the next try when no descriptors are left.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly FragmentDirectory _fragments;
    private readonly TimeSpan _patience;
    private readonly PendingConnections _pending = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, (CancellationTokenSource Limit, Task Greeting)> _greetings = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;
    private long _accepted, _refused, _unclaimed;

    /// <param name="patience">How long a connection may be without its first check.</param>
    /// <exception cref="SocketException">The port cannot be used.</exception>
    public ConnectionListener(IPEndPoint local, FragmentDirectory fragments, TimeSpan patience)
    {
        (_fragments, _patience) = (fragments, patience);
        _socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (local.AddressFamily is AddressFamily.InterNetworkV6) _socket.DualMode = true;
            _socket.Bind(local);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;
    /// <summary>Connections that have no peer yet.</summary>
    public int Pending { get { lock (_gate) return _pending.Count; } }
    public long Accepted => Volatile.Read(ref _accepted);
    /// <summary>Closed at once because too many waited from their address, or later because too many waited in all.</summary>
    public long Refused => Volatile.Read(ref _refused);
    /// <summary>Ended without a check that named a peer of ours.</summary>
    public long Unclaimed => Volatile.Read(ref _unclaimed);

    public void Start() => _accepting = AcceptAsync();

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try { Greet(await _socket.AcceptAsync(_stop.Token)); }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException)
            {
                // no descriptors are left, or the client has gone already: the others are still to be served
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    private void Greet(Socket socket)
    {
        Interlocked.Increment(ref _accepted);
        if (AddressOf(socket) is not { } remote)
        {
            socket.Dispose();
            return;
        }
        long number, evicted;
        lock (_gate) _pending.TryEnter(remote, out number, out evicted);
        if (evicted != 0 && _greetings.TryGetValue(evicted, out var other)) other.Limit.Cancel();
        if (evicted != 0 || number == 0) Interlocked.Increment(ref _refused);
        if (number == 0)
        {
            socket.Dispose();
            return;
        }
        var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(_patience);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _greetings[number] = (limit, GreetAsync(socket, remote, number, limit, begun.Task));
        begun.SetResult(); // now that it can be found
    }

    private async Task GreetAsync(Socket socket, TransportAddress remote, long number, CancellationTokenSource limit, Task begun)
    {
        await begun;
        var isTaken = false;
        try
        {
            socket.NoDelay = true;
            var reader = new FrameReader();
            if (await FirstCheckAsync(socket, reader, limit.Token) is { } fragment)
            {
                var owner = await _fragments.FindAsync(fragment, limit.Token);
                owner.Take(socket, remote, reader);
                isTaken = true;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException) { }
        finally
        {
            lock (_gate) _pending.Leave(number);
            _greetings.TryRemove(number, out _);
            if (!isTaken)
            {
                Interlocked.Increment(ref _unclaimed);
                socket.Dispose();
            }
            limit.Dispose();
        }
    }

    /// <summary>Whom the first packet names, which stays in the reader; null when it is no check, or there is none.</summary>
    private static async Task<string?> FirstCheckAsync(Socket socket, FrameReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (reader.TryPeek(out var first)) return FragmentOf(first);
            if (reader.IsBroken) return null;
            var octets = await socket.ReceiveAsync(reader.Room, cancellationToken);
            if (octets == 0) return null;
            reader.Received(octets);
        }
    }

    private static string? FragmentOf(ReadOnlySpan<byte> packet) =>
        StunMessage.TryParse(packet, out var message) && message.Type == StunMessage.BindingRequest
            && IceLiteAgent.LocalFragment(message.Username) is { Length: > 0 } fragment ? Encoding.ASCII.GetString(fragment) : null;

    /// <summary>Null for one that has gone already.</summary>
    private static TransportAddress? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint remote
                ? TransportAddress.From(remote.Address.GetAddressBytes(), (ushort)remote.Port).AsTcp : null;
        }
        catch (SocketException) { return null; }
    }

    /// <summary>No owner is given a connection any more.</summary>
    public void Dispose()
    {
        if (_stop.IsCancellationRequested) return;
        _stop.Cancel();
        _socket.Dispose();
        _accepting.Wait();
        Task.WaitAll([.. _greetings.Values.Select(greeting => greeting.Greeting)]);
    }
}
