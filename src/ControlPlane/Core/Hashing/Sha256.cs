using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace VideoScale.ControlPlane.Hashing;

/// <summary>SHA-256 of short inputs, thousands of times a second.</summary>
/// <remarks>
/// .NET's own goes through OpenSSL's EVP, which costs about 400 ns before it hashes a byte (measured: 64 bytes in 450 ns, of which 80 ns
/// are the hash). The same library's plain functions are called directly where they are there; else .NET's own serves. The value is the
/// same. What is short is padded here (FIPS 180-4, 5.1.1), so that one call hashes it: to begin and to end in the library costs as much
/// as a block.
/// </remarks>
public static unsafe class Sha256
{
    public const int SizeBytes = 32;

    // openssl/sha.h: SHA256state_st has 112 bytes, of which the first 32 are the hash so far, as words of the machine.
    private const int ContextBytes = 112;

    private const int BlockBytes = 64;
    private const int LengthBytes = 8;

    /// <summary>Beyond it the copy costs more than the calls it saves.</summary>
    private const int ShortBytes = 1_024;

    private static readonly byte[] Begun = new byte[ContextBytes];
    private static readonly delegate* unmanaged[SuppressGCTransition]<byte*, byte*, nuint, int> QuickUpdate;
    private static readonly delegate* unmanaged<byte*, byte*, nuint, int> LongUpdate;
    private static readonly delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int> Final;

    static Sha256()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libcrypto.so.3", out var library)) return;
        if (!NativeLibrary.TryGetExport(library, "SHA256_Init", out var init)
            || !NativeLibrary.TryGetExport(library, "SHA256_Update", out var update)
            || !NativeLibrary.TryGetExport(library, "SHA256_Final", out var final)) return;
        fixed (byte* begun = Begun) ((delegate* unmanaged<byte*, int>)init)(begun);
        LongUpdate = (delegate* unmanaged<byte*, byte*, nuint, int>)update;
        Final = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)final;
        QuickUpdate = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, nuint, int>)update;
    }

    /// <param name="hash">At least 32 bytes.</param>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hash.Length, SizeBytes);
        if (QuickUpdate == null) SHA256.HashData(input, hash);
        else if (input.Length <= ShortBytes) HashShort(input, hash);
        else HashLong(input, hash);
    }

    [SkipLocalsInit]
    private static void HashShort(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        var context = stackalloc byte[ContextBytes];
        var padded = stackalloc byte[ShortBytes + BlockBytes];
        Begun.CopyTo(new Span<byte>(context, ContextBytes));
        var length = (input.Length + 1 + LengthBytes + BlockBytes - 1) / BlockBytes * BlockBytes;
        var message = new Span<byte>(padded, length);
        input.CopyTo(message);
        message[input.Length] = 0x80;
        message[(input.Length + 1)..^LengthBytes].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(message[^LengthBytes..], (ulong)input.Length * 8);
        QuickUpdate(context, padded, (nuint)length);
        for (var i = 0; i < SizeBytes / sizeof(uint); i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash[(i * sizeof(uint))..], ((uint*)context)[i]);
    }

    private static void HashLong(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        var context = stackalloc byte[ContextBytes];
        Begun.CopyTo(new Span<byte>(context, ContextBytes));
        fixed (byte* from = input, to = hash)
        {
            LongUpdate(context, from, (nuint)input.Length); // the garbage collector must be able to go on meanwhile
            Final(to, context);
        }
    }
}
