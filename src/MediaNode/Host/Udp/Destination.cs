using System.Net;
using System.Net.Sockets;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>Where a peer receives, prepared for the socket's family, and the datagrams that wait for it in the current batch.</summary>
public sealed class Destination
{
    internal const int MaxSocketAddress = 28; // sockaddr_in6

    private readonly bool _v6Socket;

    public Destination(AddressFamily socketFamily, TransportAddress address)
    {
        _v6Socket = socketFamily is AddressFamily.InterNetworkV6;
        Octets = GC.AllocateArray<byte>(MaxSocketAddress, pinned: true);
        SocketAddress = new SocketAddress(socketFamily);
        Move(address);
    }

    public TransportAddress Address { get; private set; }
    /// <summary>By which it is reached; null for datagrams.</summary>
    internal TcpConnection? Connection { get; set; }
    internal byte[] Octets { get; }
    internal int OctetsLength { get; private set; }
    internal SocketAddress SocketAddress { get; }
    internal int First { get; set; } = -1;
    internal int Last { get; set; } = -1;

    public void Move(TransportAddress address)
    {
        Address = address;
        Span<byte> octets = stackalloc byte[16];
        address.CopyAddress(octets);
        var ip = new IPAddress(octets[..(address.IsV6 ? 16 : 4)]);
        if (_v6Socket && !address.IsV6) ip = ip.MapToIPv6();
        var serialized = new IPEndPoint(ip, address.Port).Serialize();
        OctetsLength = serialized.Size;
        for (var i = 0; i < serialized.Size; i++)
        {
            Octets[i] = serialized[i];
            if (i < SocketAddress.Buffer.Length) SocketAddress[i] = serialized[i];
        }
        SocketAddress.Size = serialized.Size;
    }

    /// <summary>Reads a socket address of either family; none when it is something else.</summary>
    internal static TransportAddress Read(ReadOnlySpan<byte> octets)
    {
        var family = BitConverter.ToUInt16(octets);
        var port = (ushort)((octets[2] << 8) | octets[3]);
        return family switch
        {
            2 => TransportAddress.From(octets.Slice(4, 4), port),   // AF_INET
            10 => TransportAddress.From(octets.Slice(8, 16), port), // AF_INET6
            _ => default,
        };
    }
}
