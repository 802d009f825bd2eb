using System.Buffers.Binary;
using System.Security.Cryptography;

namespace VideoScale.MediaNode.Sctp;

/// <summary>Numbers that nobody foresees, out of a secret that comes from outside: tags, first TSNs, and the seal of cookies.</summary>
internal class NumberSource(byte[] secret)
{
    internal const int SealLength = 16;
    private ulong _count;

    /// <summary>Never 0, which stands for no tag.</summary>
    internal virtual uint Next()
    {
        Span<byte> input = stackalloc byte[9], hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        input[0] = 1; // no cookie is as short
        BinaryPrimitives.WriteUInt64BigEndian(input[1..], ++_count);
        HMACSHA256.HashData(secret, input, hash);
        return Math.Max(1, BinaryPrimitives.ReadUInt32BigEndian(hash));
    }

    internal void Seal(ReadOnlySpan<byte> content, Span<byte> seal)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, content, hash);
        hash[..SealLength].CopyTo(seal);
    }

    internal bool IsSealed(ReadOnlySpan<byte> content, ReadOnlySpan<byte> seal)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, content, hash);
        return CryptographicOperations.FixedTimeEquals(hash[..SealLength], seal);
    }
}
