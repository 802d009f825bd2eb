using System.Net;
using System.Net.Sockets;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Tests.Udp;

/// <summary>A client's TCP connection that looks like a socket of datagrams.</summary>
internal sealed class StreamSocket : IDatagramSocket
{
    private const int PerCall = 64;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly FrameReader _reader = new();
    private readonly List<byte[]> _received = [];

    /// <param name="receiveOctets">Of its receive buffer, so that who does not read is felt soon; 0 for the usual.</param>
    public StreamSocket(IPEndPoint node, int receiveOctets = 0)
    {
        if (receiveOctets > 0) _socket.ReceiveBufferSize = receiveOctets;
        _socket.Connect(node);
        _socket.NoDelay = true;
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;
    public AddressFamily Family => AddressFamily.InterNetwork;
    public SendBatch Outgoing { get; } = new();
    public DatagramDropped? Dropped { get; set; }
    public SocketStatistics Statistics { get; } = new();
    /// <summary>The node has closed it.</summary>
    public bool HasEnded { get; private set; }

    public int Receive(int timeoutMs)
    {
        _received.Clear();
        if (!HasEnded && _socket.Poll(timeoutMs * 1000, SelectMode.SelectRead)) Read();
        while (_received.Count < PerCall && _reader.TryRead(out var packet)) _received.Add(packet.ToArray());
        return _received.Count;
    }

    private void Read()
    {
        try
        {
            var octets = _socket.Receive(_reader.Room.Span);
            HasEnded = octets == 0;
            _reader.Received(octets);
        }
        catch (SocketException) { HasEnded = true; }
    }

    public Span<byte> Datagram(int index, out TransportAddress from)
    {
        from = default;
        return _received[index];
    }

    public void Flush()
    {
        for (var slot = 0; slot < Outgoing.Count; slot++) Send([.. Tcp.FrameReaderTests.Frame(Outgoing.Slot(slot).ToArray())]);
        Outgoing.Clear();
    }

    public void Send(byte[] octets)
    {
        try { _socket.Send(octets); }
        catch (SocketException) { HasEnded = true; }
    }

    /// <summary>Until the node has closed it.</summary>
    public bool EndsWithin(TimeSpan limit)
    {
        for (var until = DateTime.UtcNow + limit; !HasEnded && DateTime.UtcNow < until;) Receive(100);
        return HasEnded;
    }

    public void Wake() { }

    public void Dispose() => _socket.Dispose();
}
