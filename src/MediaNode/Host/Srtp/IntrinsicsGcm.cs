using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>AES-128-GCM by AES-NI and PCLMULQDQ.</summary>
/// <remarks>
/// GHASH is computed as POLYVAL on octet-reversed blocks (RFC 8452 appendix A): with the hash key multiplied by x once, products need no
/// bit reflection, and eight blocks share one reduction through the powers H^8 … H^1.
/// </remarks>
public sealed class IntrinsicsGcm : IAead
{
    private const int Lanes = 8;
    private static readonly Vector128<byte> Reverse = Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    private static readonly Vector128<ulong> Polynomial = Vector128.Create(0xC200000000000000UL); // x^127 + x^126 + x^121, RFC 8452 §3

    private readonly AesBlocks _aes;
    private Powers _powers;

    public IntrinsicsGcm(ReadOnlySpan<byte> key)
    {
        if (!IsSupported) throw new PlatformNotSupportedException("AES-NI and PCLMULQDQ are needed");
        _aes = new AesBlocks(key);
        var h = TimesX(Ssse3.Shuffle(_aes.Encrypt(Vector128<byte>.Zero), Reverse).AsUInt64());
        _powers[0] = h;
        for (var i = 1; i < Lanes; i++) _powers[i] = Multiply(_powers[i - 1], h);
    }

    public static bool IsSupported => AesBlocks.IsSupported && Pclmulqdq.IsSupported;

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag)
    {
        if (nonce.Length != 12 || tag.Length != 16) throw new ArgumentException("12 octets of nonce, 16 of tag");
        var initial = Initial(nonce);
        _aes.Xor(initial, 2, data); // counter 1 is the tag's (SP 800-38D §7.1)
        Tag(initial, associated, data).CopyTo(tag);
    }

    public bool Open(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        if (nonce.Length != 12 || tag.Length != 16) throw new ArgumentException("12 octets of nonce, 16 of tag");
        var initial = Initial(nonce);
        Span<byte> expected = stackalloc byte[16];
        Tag(initial, associated, data).CopyTo(expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, tag)) return false;
        _aes.Xor(initial, 2, data);
        return true;
    }

    public void Dispose()
    {
        _aes.Clear();
        _powers = default;
    }

    private static Vector128<byte> Initial(ReadOnlySpan<byte> nonce)
    {
        Span<byte> block = stackalloc byte[16];
        nonce.CopyTo(block);
        block[12..].Clear();
        return Vector128.Create<byte>(block);
    }

    private Vector128<byte> Tag(Vector128<byte> initial, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> data)
    {
        var sum = Hash(Vector128<ulong>.Zero, associated);
        sum = Hash(sum, data);
        sum = Multiply(sum ^ Vector128.Create((ulong)data.Length * 8, (ulong)associated.Length * 8), _powers[0]);
        return Ssse3.Shuffle(sum.AsByte(), Reverse) ^ _aes.Encrypt(initial.WithElement(15, (byte)1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Vector128<ulong> Hash(Vector128<ulong> sum, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 16 * Lanes)
        {
            var product = Product.Of(sum ^ Block(data), _powers[Lanes - 1]);
            for (var i = 1; i < Lanes; i++) product.Add(Block(data[(16 * i)..]), _powers[Lanes - 1 - i]);
            sum = product.Reduce();
            data = data[(16 * Lanes)..];
        }
        for (; data.Length >= 16; data = data[16..]) sum = Multiply(sum ^ Block(data), _powers[0]);
        if (data.IsEmpty) return sum;
        Span<byte> tail = stackalloc byte[16];
        tail.Clear();
        data.CopyTo(tail);
        return Multiply(sum ^ Block(tail), _powers[0]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Block(ReadOnlySpan<byte> data) => Ssse3.Shuffle(Vector128.Create(data), Reverse).AsUInt64();

    private static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b) => Product.Of(a, b).Reduce();

    private static Vector128<ulong> TimesX(Vector128<ulong> value)
    {
        ulong low = value[0], high = value[1];
        var overflow = high >> 63;
        high = (high << 1) | (low >> 63);
        low <<= 1;
        return Vector128.Create(low ^ overflow, high ^ (overflow * 0xC200000000000000));
    }

    /// <summary>An unreduced 256-bit product, its cross terms kept apart until the end.</summary>
    private struct Product
    {
        private Vector128<ulong> _low, _cross, _high;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Product Of(Vector128<ulong> a, Vector128<ulong> b)
        {
            Product product = default;
            product.Add(a, b);
            return product;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<ulong> a, Vector128<ulong> b)
        {
            _low ^= Pclmulqdq.CarrylessMultiply(a, b, 0x00);
            _high ^= Pclmulqdq.CarrylessMultiply(a, b, 0x11);
            _cross ^= Pclmulqdq.CarrylessMultiply(a, b, 0x01) ^ Pclmulqdq.CarrylessMultiply(a, b, 0x10);
        }

        /// <summary>Two folds of 64 bits from below (Gueron's Montgomery form).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<ulong> Reduce()
        {
            var low = _low ^ Sse2.ShiftLeftLogical128BitLane(_cross, 8);
            var high = _high ^ Sse2.ShiftRightLogical128BitLane(_cross, 8);
            low = Fold(low);
            return Fold(low) ^ high;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<ulong> Fold(Vector128<ulong> low) =>
            Sse2.Shuffle(low.AsInt32(), 0x4E).AsUInt64() ^ Pclmulqdq.CarrylessMultiply(low, Polynomial, 0x00);
    }

    [InlineArray(Lanes)]
    private struct Powers
    {
        private Vector128<ulong> _first;
    }
}
