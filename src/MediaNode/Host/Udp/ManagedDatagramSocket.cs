using System.Net;
using System.Net.Sockets;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>The same by .NET's socket alone, for systems without the Linux calls; a datagram at a time.</summary>
public sealed class ManagedDatagramSocket : IDatagramSocket
{
    private const int ReceiveCount = 32;
    private const int ReceiveOctets = 2048;
    private const int SleepMs = 1;

    private readonly Socket _socket;
    private readonly byte[] _received = new byte[ReceiveCount * ReceiveOctets];
    private readonly int[] _lengths = new int[ReceiveCount];
    private readonly TransportAddress[] _from = new TransportAddress[ReceiveCount];
    private readonly SocketAddress _name;
    private volatile bool _woken;

    public ManagedDatagramSocket(IPEndPoint local)
    {
        _socket = DatagramSockets.Open(local);
        _socket.Blocking = false;
        _name = new SocketAddress(_socket.AddressFamily);
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;
    public AddressFamily Family => _socket.AddressFamily;
    public SendBatch Outgoing { get; } = new();
    public SocketStatistics Statistics { get; } = new();
    public DatagramDropped? Dropped { get; set; }

    public int Receive(int timeoutMs)
    {
        for (var waitedMs = 0; ; waitedMs += SleepMs)
        {
            var count = TryReceive();
            if (count > 0 || _woken || waitedMs >= timeoutMs)
            {
                _woken = false;
                return count;
            }
            _socket.Poll(SleepMs * 1000, SelectMode.SelectRead);
        }
    }

    private int TryReceive()
    {
        var count = 0;
        while (count < ReceiveCount && _socket.Available > 0)
        {
            Statistics.ReceiveCalls++;
            try
            {
                _lengths[count] = _socket.ReceiveFrom(_received.AsSpan(count * ReceiveOctets, ReceiveOctets), SocketFlags.None, _name);
            }
            catch (SocketException) { break; } // an ICMP error of an earlier send, or a datagram larger than any of ours
            _from[count++] = Destination.Read(_name.Buffer.Span[..Math.Min(Destination.MaxSocketAddress, _name.Buffer.Length)]);
        }
        Statistics.Received += count;
        return count;
    }

    public Span<byte> Datagram(int index, out TransportAddress from)
    {
        from = _from[index];
        return _received.AsSpan(index * ReceiveOctets, _lengths[index]);
    }

    public void Flush()
    {
        for (var i = 0; i < Outgoing.DestinationCount; i++)
        {
            var destination = Outgoing.DestinationAt(i);
            for (var slot = destination.First; slot >= 0; slot = Outgoing.Next(slot))
            {
                Statistics.SendCalls++;
                try
                {
                    _socket.SendTo(Outgoing.Slot(slot), SocketFlags.None, destination.SocketAddress);
                    Statistics.Sent++;
                    Statistics.SentOctets += Outgoing.Length(slot);
                }
                catch (SocketException)
                {
                    Statistics.Dropped++;
                    Dropped?.Invoke(destination, Outgoing.Slot(slot));
                }
            }
        }
        Outgoing.Clear();
    }

    public void Wake() => _woken = true;

    public void Dispose() => _socket.Dispose();
}
