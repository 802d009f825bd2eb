using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>AES-128 in counter mode by AES-NI, eight blocks at a time so that the rounds of one hide the latency of the others.</summary>
internal sealed unsafe class AesBlocks
{
    private const int Rounds = 10;
    private readonly byte[] _schedule = GC.AllocateArray<byte>(16 * (Rounds + 1) + 16, pinned: true);
    private readonly byte* _keys;

    public AesBlocks(ReadOnlySpan<byte> key)
    {
        if (key.Length != 16) throw new ArgumentException("AES-128 takes 16 octets", nameof(key));
        _keys = (byte*)(((nint)Unsafe.AsPointer(ref _schedule[0]) + 15) & ~15);
        Expand(Vector128.Create(key));
    }

    public static bool IsSupported => X86Aes.IsSupported && Ssse3.IsSupported;

    public void Clear() => CryptographicOperations.ZeroMemory(_schedule);

    public Vector128<byte> Encrypt(Vector128<byte> block)
    {
        block ^= Key(0);
        for (var round = 1; round < Rounds; round++) block = X86Aes.Encrypt(block, Key(round));
        return X86Aes.EncryptLast(block, Key(Rounds));
    }

    /// <summary>
    /// XORs the key stream on <paramref name="data"/>. The counter is the last 32 bits of the block, big-endian, and starts at
    /// <paramref name="counter"/>.
    /// </summary>
    public void Xor(Vector128<byte> initial, uint counter, Span<byte> data)
    {
        fixed (byte* start = data)
        {
            var at = start;
            var left = data.Length;
            for (; left >= 128; left -= 128, at += 128, counter = unchecked(counter + 8)) Xor8(initial, counter, at);
            for (; left >= 16; left -= 16, at += 16, counter = unchecked(counter + 1))
                (Encrypt(Count(initial, counter)) ^ Vector128.Load(at)).Store(at);
            if (left == 0) return;
            var tail = Encrypt(Count(initial, counter));
            for (var i = 0; i < left; i++) at[i] ^= tail.GetElement(i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Xor8(Vector128<byte> initial, uint counter, byte* at)
    {
        var key = Key(0);
        var b0 = Count(initial, counter) ^ key;
        var b1 = Count(initial, counter + 1) ^ key;
        var b2 = Count(initial, counter + 2) ^ key;
        var b3 = Count(initial, counter + 3) ^ key;
        var b4 = Count(initial, counter + 4) ^ key;
        var b5 = Count(initial, counter + 5) ^ key;
        var b6 = Count(initial, counter + 6) ^ key;
        var b7 = Count(initial, counter + 7) ^ key;
        for (var round = 1; round < Rounds; round++)
        {
            key = Key(round);
            b0 = X86Aes.Encrypt(b0, key); b1 = X86Aes.Encrypt(b1, key); b2 = X86Aes.Encrypt(b2, key); b3 = X86Aes.Encrypt(b3, key);
            b4 = X86Aes.Encrypt(b4, key); b5 = X86Aes.Encrypt(b5, key); b6 = X86Aes.Encrypt(b6, key); b7 = X86Aes.Encrypt(b7, key);
        }
        key = Key(Rounds);
        (X86Aes.EncryptLast(b0, key) ^ Vector128.Load(at)).Store(at);
        (X86Aes.EncryptLast(b1, key) ^ Vector128.Load(at + 16)).Store(at + 16);
        (X86Aes.EncryptLast(b2, key) ^ Vector128.Load(at + 32)).Store(at + 32);
        (X86Aes.EncryptLast(b3, key) ^ Vector128.Load(at + 48)).Store(at + 48);
        (X86Aes.EncryptLast(b4, key) ^ Vector128.Load(at + 64)).Store(at + 64);
        (X86Aes.EncryptLast(b5, key) ^ Vector128.Load(at + 80)).Store(at + 80);
        (X86Aes.EncryptLast(b6, key) ^ Vector128.Load(at + 96)).Store(at + 96);
        (X86Aes.EncryptLast(b7, key) ^ Vector128.Load(at + 112)).Store(at + 112);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Count(Vector128<byte> initial, uint counter) =>
        initial.AsUInt32().WithElement(3, BinaryPrimitives.ReverseEndianness(counter)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector128<byte> Key(int round) => Vector128.LoadAligned(_keys + 16 * round);

    private void Expand(Vector128<byte> key)
    {
        key.StoreAligned(_keys);
        var at = _keys + 16;
        // FIPS 197 §5.2: the round constants are powers of x; the instruction takes them as immediates.
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x01));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x02));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x04));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x08));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x10));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x20));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x40));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x80));
        key = Store(ref at, key, X86Aes.KeygenAssist(key, 0x1B));
        Store(ref at, key, X86Aes.KeygenAssist(key, 0x36));
    }

    private static Vector128<byte> Store(ref byte* at, Vector128<byte> previous, Vector128<byte> assist)
    {
        var next = previous;
        for (var i = 0; i < 3; i++)
        {
            previous = Sse2.ShiftLeftLogical128BitLane(previous, 4);
            next ^= previous;
        }
        next ^= Sse2.Shuffle(assist.AsInt32(), 0xFF).AsByte();
        next.StoreAligned(at);
        at += 16;
        return next;
    }
}
