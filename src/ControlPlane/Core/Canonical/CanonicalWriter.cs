using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace VideoScale.ControlPlane.Canonical;

/// <summary>
/// Writes the deterministic encoding that commands, events and hashed state use: fields in a fixed order, no tags, no maps, no floats,
/// so that equal values are equal bytes on every replica.
/// </summary>
/// <remarks>
/// Numbers are LEB128 varints of minimal length (signed ones zigzag), byte strings and UTF-8 strings carry their length in front, lists
/// their count. One writer is used again and again (<see cref="Reset"/>): writing allocates only when the buffer has to grow. Not
/// thread-safe.
/// </remarks>
public sealed class CanonicalWriter : IBufferWriter<byte>, IDisposable
{
    private const int MaxVarintBytes = 10;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private byte[] _buffer;
    private int _length;

    public CanonicalWriter(int initialCapacityBytes = 1024) => _buffer = ArrayPool<byte>.Shared.Rent(initialCapacityBytes);

    public int Length => _length;
    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, _length);

    /// <summary>Valid until the next write or reset.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Reset() => _length = 0;

    /// <summary>Forgets what was written past <paramref name="length"/>.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length);
        _length = length;
    }

    public byte[] ToArray() => WrittenSpan.ToArray();

    public void WriteUInt64(ulong value)
    {
        Reserve(MaxVarintBytes);
        var buffer = _buffer;
        var at = _length;
        while (value >= 0x80)
        {
            buffer[at++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }
        buffer[at++] = unchecked((byte)value);
        _length = at;
    }

    public void WriteUInt32(uint value) => WriteUInt64(value);

    /// <summary>Zigzag, so that small negative numbers stay short.</summary>
    public void WriteInt64(long value) => WriteUInt64(unchecked((ulong)((value << 1) ^ (value >> 63))));

    public void WriteByte(byte value)
    {
        Reserve(1);
        _buffer[_length++] = value;
    }

    public void WriteBool(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>16 bytes, little-endian.</summary>
    public void WriteUInt128(UInt128 value)
    {
        Reserve(16);
        BinaryPrimitives.WriteUInt128LittleEndian(_buffer.AsSpan(_length), value);
        _length += 16;
    }

    public void WriteCount(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        WriteUInt64((ulong)count);
    }

    /// <summary>Length, then the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteUInt64((ulong)value.Length);
        WriteRaw(value);
    }

    /// <summary>The bytes without a length: for what has a fixed one.</summary>
    public void WriteRaw(ReadOnlySpan<byte> value)
    {
        Reserve(value.Length);
        value.CopyTo(_buffer.AsSpan(_length));
        _length += value.Length;
    }

    /// <summary>Length in UTF-8 bytes, then the bytes. A lone surrogate is refused: it has no UTF-8.</summary>
    public void WriteString(ReadOnlySpan<char> value)
    {
        try
        {
            if (value.Length < 0x80 / 3) // at most 127 bytes of UTF-8: the length takes one byte
            {
                Reserve(1 + value.Length * 3);
                var written = StrictUtf8.GetBytes(value, _buffer.AsSpan(_length + 1));
                _buffer[_length] = (byte)written;
                _length += 1 + written;
                return;
            }
            var count = StrictUtf8.GetByteCount(value);
            WriteUInt64((ulong)count);
            Reserve(count);
            _length += StrictUtf8.GetBytes(value, _buffer.AsSpan(_length));
        }
        catch (EncoderFallbackException e) { throw new CanonicalException("a string with a lone surrogate has no UTF-8 form", e); }
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _length));
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_length);
    }

    public void Dispose()
    {
        var buffer = _buffer;
        if (buffer.Length == 0) return;
        _buffer = [];
        _length = 0;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes) Grow(bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes)
    {
        var needed = checked(_length + bytes);
        var grown = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max((long)needed, (long)_buffer.Length * 2)));
        _buffer.AsSpan(0, _length).CopyTo(grown);
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = grown;
    }
}
