using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VideoScale.Harness.Links;

/// <summary>
/// Stands between clients and a server's UDP ports under an address of its own, as a NAT or a bad network does: what clients send to
/// the relay's port goes on to the same port of the server, and back. Each client's path, each way, does what its policy says.
/// </summary>
/// <remarks>
/// A client is known by the ICE fragment its checks carry, since a browser checks from several sockets; clients are numbered as they
/// appear. One thread carries everything, so that what arrives is what the seed says, but for the machine's own timing.
/// </remarks>
public sealed class UdpRelay : IDisposable
{
    private const int MostOctets = 2048;
    private const int BufferOctets = 4 << 20;

    private sealed class Flow(Socket socket, int port, EndPoint client)
    {
        public Socket Socket { get; } = socket;
        public int Port { get; } = port;
        public EndPoint Client { get; } = client;
        public RelayedClient? Owner { get; set; }
    }

    private readonly IPAddress _server;
    private readonly int _seed;
    private readonly List<(Socket Socket, int Port)> _fronts = [];
    private readonly Dictionary<(int, EndPoint), Flow> _flows = [];
    private readonly Dictionary<Socket, Flow> _bySocket = [];
    private readonly Dictionary<string, RelayedClient> _clients = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(byte[] Datagram, Flow Flow, bool Up), (double, long)> _waiting = new();
    private readonly List<RelayedClient> _order = [];
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private readonly byte[] _buffer = new byte[MostOctets];
    private volatile bool _stopping;
    private long _number;

    /// <param name="address">Where clients are told to send; another loopback address than the server's.</param>
    public UdpRelay(IPAddress address, IPAddress server, IEnumerable<int> ports, int seed = 1)
    {
        _server = server;
        _seed = seed;
        foreach (var port in ports) _fronts.Add((Bind(new IPEndPoint(address, port)), port));
        _thread = new Thread(Run) { IsBackground = true, Name = "udp relay" };
        _thread.Start();
    }

    /// <summary>Clients in the order of their first check.</summary>
    public IReadOnlyList<RelayedClient> Clients { get { lock (_gate) return [.. _order]; } }

    private static Socket Bind(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
        {
            Blocking = false,
            ReceiveBufferSize = BufferOctets,
            SendBufferSize = BufferOctets,
        };
        socket.Bind(local);
        return socket;
    }

    private void Run()
    {
        while (!_stopping)
        {
            var now = LossyPath.NowMs;
            var waitMs = _waiting.TryPeek(out _, out var next) ? Math.Clamp(next.Item1 - now, 0, 5) : 5;
            List<Socket> readable = [.. _fronts.Select(front => front.Socket), .. _bySocket.Keys];
            Socket.Select(readable, null, null, TimeSpan.FromMilliseconds(waitMs));
            foreach (var socket in readable)
            {
                if (_bySocket.TryGetValue(socket, out var flow)) FromServer(flow);
                else FromClients(socket, _fronts.First(front => front.Socket == socket).Port);
            }
            Deliver();
        }
    }

    private void FromClients(Socket front, int port)
    {
        do
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var length = Try(() => front.ReceiveFrom(_buffer, ref from));
            if (length == 0) continue;
            if (!_flows.TryGetValue((port, from), out var flow))
            {
                flow = _flows[(port, from)] = new Flow(Bind(new IPEndPoint(_server, 0)), port, from);
                _bySocket[flow.Socket] = flow;
            }
            Recognise(flow, _buffer.AsSpan(0, length));
            Pass(flow, length, up: true);
        }
        while (front.Available > 0);
    }

    private void FromServer(Flow flow)
    {
        do
        {
            var length = Try(() => flow.Socket.Receive(_buffer));
            if (length > 0) Pass(flow, length, up: false);
        }
        while (flow.Socket.Available > 0);
    }

    /// <summary>0 when nobody was where something was sent before.</summary>
    private static int Try(Func<int> receive)
    {
        try { return receive(); }
        catch (SocketException) { return 0; }
    }

    private void Pass(Flow flow, int length, bool up)
    {
        var now = LossyPath.NowMs;
        var arrival = flow.Owner is { } owner ? (up ? owner.UpPath : owner.DownPath).Pass(_buffer.AsSpan(0, length), now) : now;
        if (arrival is { } at) _waiting.Enqueue((_buffer[..length], flow, up), (at, _number++));
    }

    private void Deliver()
    {
        while (_waiting.TryPeek(out _, out var due) && due.Item1 <= LossyPath.NowMs)
        {
            var (datagram, flow, up) = _waiting.Dequeue();
            try
            {
                if (up) flow.Socket.SendTo(datagram, new IPEndPoint(_server, flow.Port));
                else _fronts.First(front => front.Port == flow.Port).Socket.SendTo(datagram, flow.Client);
            }
            catch (SocketException) { } // as on any network
        }
    }

    /// <summary>A STUN check carries USERNAME "server:client" (RFC 8445 §7.2.2).</summary>
    private void Recognise(Flow flow, ReadOnlySpan<byte> datagram)
    {
        const int header = 20, username = 6;
        if (flow.Owner is not null || datagram.Length < header || datagram[0] > 3) return;
        for (var at = header; at + 4 <= datagram.Length;)
        {
            var (type, size) = ((datagram[at] << 8) | datagram[at + 1], (datagram[at + 2] << 8) | datagram[at + 3]);
            if (type == username && at + 4 + size <= datagram.Length)
            {
                var name = Encoding.UTF8.GetString(datagram.Slice(at + 4, size));
                lock (_gate)
                {
                    if (!_clients.TryGetValue(name, out var client))
                        _order.Add(_clients[name] = client = new RelayedClient(_seed + 2 * _order.Count));
                    flow.Owner = client;
                }
                return;
            }
            at += 4 + ((size + 3) & ~3);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        foreach (var (socket, _) in _fronts) socket.Dispose();
        foreach (var socket in _bySocket.Keys) socket.Dispose();
    }
}

/// <summary>One client's path through the relay, both ways.</summary>
public sealed class RelayedClient
{
    internal RelayedClient(int seed) => (UpPath, DownPath) = (new LossyPath(seed), new LossyPath(seed + 1));

    internal LossyPath UpPath { get; }
    internal LossyPath DownPath { get; }

    public LinkPolicy Up { get => UpPath.Policy; set => UpPath.Policy = value; }
    public LinkPolicy Down { get => DownPath.Policy; set => DownPath.Policy = value; }
    public LinkCount UpCount => UpPath.Count;
    public LinkCount DownCount => DownPath.Count;

    /// <summary>The same policy both ways.</summary>
    public void Set(LinkPolicy policy) => (Up, Down) = (policy, policy);
}
