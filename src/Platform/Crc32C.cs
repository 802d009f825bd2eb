using System.Numerics;
using System.Runtime.InteropServices;

namespace VideoScale.Platform;

/// <summary>CRC-32C by the processor's own instruction, eight bytes at a time.</summary>
public static class Crc32C
{
    /// <param name="seed">The sum of what comes before, to chain pieces.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint seed = 0)
    {
        var crc = ~seed;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (var last in bytes[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, last);
        return ~crc;
    }
}
