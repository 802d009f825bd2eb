using System.Buffers.Binary;

namespace VideoScale.MediaNode.Ice;

/// <summary>An IP address and a port of UDP or TCP as a value without allocation; IPv4 is held in its mapped form.</summary>
public readonly struct TransportAddress : IEquatable<TransportAddress>
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000; // ::ffff:0:0/96

    private readonly ulong _high;
    private readonly ulong _low;

    public TransportAddress(ulong high, ulong low, ushort port)
    {
        _high = high;
        _low = low;
        Port = port;
    }

    public ushort Port { get; }
    /// <summary>The other end of a TCP connection: another place than the same port of UDP.</summary>
    public bool IsTcp { get; private init; }
    public bool IsV6 => _high != 0 || (_low & 0xFFFF_FFFF_0000_0000) != MappedPrefix;
    public bool IsNone => Port == 0;

    public static TransportAddress V4(uint address, ushort port) => new(0, MappedPrefix | address, port);

    /// <summary>From 4 or 16 octets in network order.</summary>
    public static TransportAddress From(ReadOnlySpan<byte> address, ushort port) => address.Length == 4
        ? V4(BinaryPrimitives.ReadUInt32BigEndian(address), port)
        : new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), port);

    public TransportAddress AsTcp => new(_high, _low, Port) { IsTcp = true };

    /// <summary>The host alone.</summary>
    public TransportAddress WithoutPort => new(_high, _low, 0);

    /// <summary>Writes 4 or 16 octets in network order.</summary>
    public void CopyAddress(Span<byte> octets)
    {
        if (!IsV6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(octets, unchecked((uint)_low));
            return;
        }
        BinaryPrimitives.WriteUInt64BigEndian(octets, _high);
        BinaryPrimitives.WriteUInt64BigEndian(octets[8..], _low);
    }

    public bool Equals(TransportAddress other) => _high == other._high && _low == other._low && Port == other.Port && IsTcp == other.IsTcp;
    public override bool Equals(object? obj) => obj is TransportAddress other && Equals(other);

    /// <remarks>
    /// Used for look-ups only, never for an order; a flood of chosen addresses cannot fill a table, which only authenticated peers enter.
    /// </remarks>
    public override int GetHashCode() => unchecked((int)Hash);

    /// <summary>The same in every process.</summary>
    internal uint Hash => unchecked((uint)(((_high * 31) ^ (_low * 0x9E3779B97F4A7C15UL) ^ ((ulong)Port << 40)
        ^ (IsTcp ? 1UL << 63 : 0)) >> 32));

    public static bool operator ==(TransportAddress a, TransportAddress b) => a.Equals(b);
    public static bool operator !=(TransportAddress a, TransportAddress b) => !a.Equals(b);

    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[16];
        CopyAddress(octets);
        return $"{(IsTcp ? "tcp " : "")}{new System.Net.IPAddress(octets[..(IsV6 ? 16 : 4)])}:{Port}";
    }
}
