using System.Buffers.Binary;
using System.Numerics;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    public const uint Start = 0xFFFF_FFFF;

    public static uint Of(ReadOnlySpan<byte> bytes) => ~Add(Start, bytes);

    /// <summary>Goes on over further bytes; begin with <see cref="Start"/>, end with a complement.</summary>
    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
