using System.Buffers.Binary;
using System.Numerics;

namespace VideoScale.MediaNode.Sctp;

/// <summary>The checksum of SCTP packets (RFC 9260 appendix A): CRC-32C over the packet with its checksum field as zeros.</summary>
internal static class Crc32C
{
    private const int FieldAt = 8, FieldLength = 4;

    internal static uint OfPacket(ReadOnlySpan<byte> packet)
    {
        var crc = Continue(uint.MaxValue, packet[..FieldAt]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Continue(crc, packet[(FieldAt + FieldLength)..]);
    }

    /// <summary>On the wire its octets stand in little-endian order.</summary>
    internal static void Write(Span<byte> packet) => BinaryPrimitives.WriteUInt32LittleEndian(packet[FieldAt..], OfPacket(packet));

    internal static bool Matches(ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt32LittleEndian(packet[FieldAt..]) == OfPacket(packet);

    private static uint Continue(uint crc, ReadOnlySpan<byte> octets)
    {
        for (; octets.Length >= sizeof(ulong); octets = octets[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(octets));
        foreach (var octet in octets) crc = BitOperations.Crc32C(crc, octet);
        return crc;
    }
}
