using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace VideoScale.ControlPlane.Canonical;

/// <summary>
/// Reads what <see cref="CanonicalWriter"/> wrote, strictly: one value has one encoding, so anything else
/// (a varint longer than needed, a bool that is neither 0 nor 1, broken UTF-8, bytes left over) is a <see cref="CanonicalException"/>.
/// </summary>
/// <param name="names">Where names that are read again are found; without it each is made anew.</param>
public ref struct CanonicalReader(ReadOnlySpan<byte> source, NamePool? names = null)
{
    /// <summary>Longest string or byte string read when the caller names no bound, in bytes.</summary>
    public const int DefaultMaxBytes = 1 << 20;
    private readonly ReadOnlySpan<byte> _source = source;
    private readonly NamePool? _names = names;
    private int _position;

    public readonly int Remaining => _source.Length - _position;
    public readonly bool AtEnd => _position == _source.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadUInt64()
    {
        if ((uint)_position < (uint)_source.Length && _source[_position] is < 0x80 and var small)
        {
            _position++;
            return small;
        }
        return ReadLongVarint();
    }

    public uint ReadUInt32()
    {
        var value = ReadUInt64();
        if (value > uint.MaxValue) Refuse($"{value} does not fit in 32 bits");
        return (uint)value;
    }

    public long ReadInt64()
    {
        var value = ReadUInt64();
        return unchecked((long)(value >> 1) ^ -(long)(value & 1));
    }

    public int ReadInt32()
    {
        var value = ReadInt64();
        if (value is < int.MinValue or > int.MaxValue) Refuse($"{value} does not fit in 32 bits");
        return (int)value;
    }

    public byte ReadByte()
    {
        if (_position >= _source.Length) Refuse("a byte is missing");
        return _source[_position++];
    }

    public bool ReadBool()
    {
        var value = ReadByte();
        if (value > 1) Refuse($"a bool is 0 or 1, not {value}");
        return value == 1;
    }

    public UInt128 ReadUInt128() => BinaryPrimitives.ReadUInt128LittleEndian(ReadRaw(16));

    /// <summary>
    /// Number of elements that follow. Each takes at least one byte, so a count beyond what is left is refused before anything is allocated
    /// for it.
    /// </summary>
    public int ReadCount(int max = int.MaxValue)
    {
        var count = ReadUInt64();
        if (count > (ulong)max) Refuse($"{count} elements are more than {max}");
        if (count > (ulong)Remaining) Refuse($"{count} elements do not fit in {Remaining} bytes");
        return (int)count;
    }

    /// <summary>A byte string; the span lives as long as the source.</summary>
    public ReadOnlySpan<byte> ReadBytes(int maxBytes = DefaultMaxBytes)
    {
        var length = ReadUInt64();
        if (length > (ulong)maxBytes) Refuse($"{length} bytes are more than {maxBytes}");
        return ReadRaw((int)length);
    }

    /// <summary>Bytes of a fixed length.</summary>
    public ReadOnlySpan<byte> ReadRaw(int length)
    {
        if ((uint)length > (uint)Remaining) Refuse($"{length} bytes wanted, {Remaining} left");
        var span = _source.Slice(_position, length);
        _position += length;
        return span;
    }

    /// <summary>A string's bytes, checked to be UTF-8.</summary>
    public ReadOnlySpan<byte> ReadUtf8(int maxBytes = DefaultMaxBytes)
    {
        var bytes = ReadBytes(maxBytes);
        if (!Utf8.IsValid(bytes)) Refuse("a string is not UTF-8");
        return bytes;
    }

    public string ReadString(int maxBytes = DefaultMaxBytes)
    {
        var bytes = ReadUtf8(maxBytes);
        return bytes.IsEmpty ? "" : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>A string of those that are read again and again: of a room, a node, a participant.</summary>
    public string ReadName()
    {
        if (_names is null) return ReadString();
        var before = _position;
        if (_names.Find(ReadBytes(), out var slot) is { } known) return known;
        _position = before;
        var name = ReadString();
        _names.Keep(name, slot);
        return name;
    }

    /// <summary>Refuses bytes that are left over.</summary>
    public readonly void End()
    {
        if (!AtEnd) Refuse($"{Remaining} bytes left over");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadLongVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = ReadByte();
            if (shift == 63 && next > 1) Refuse("a number does not fit in 64 bits");
            value |= (ulong)(next & 0x7F) << shift;
            if (next >= 0x80) continue;
            if (next == 0 && shift > 0) Refuse("a number is written longer than needed");
            return value;
        }
        Refuse("a number does not fit in 64 bits");
        return 0;
    }

    [DoesNotReturn]
    private readonly void Refuse(string why) => throw new CanonicalException($"at byte {_position}: {why}");
}
