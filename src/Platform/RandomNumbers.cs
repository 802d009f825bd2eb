using System.Buffers.Binary;
using System.Security.Cryptography;

namespace VideoScale.Platform;

/// <summary>Numbers that nobody else draws: of members, sessions, incarnations. Zero is kept for "none".</summary>
public static class RandomNumbers
{
    public static ulong NonZero()
    {
        while (true)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) is not 0 and var value) return value;
        }
    }
}
