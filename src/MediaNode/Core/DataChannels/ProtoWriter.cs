using System.Buffers;
using System.Text;

namespace VideoScale.MediaNode.DataChannels;

/// <summary>Writes fields of a protobuf message.</summary>
internal sealed class ProtoWriter(int capacity)
{
    private const int LongestVarint = 10;
    private readonly ArrayBufferWriter<byte> _output = new(Math.Max(capacity, 16));

    internal ReadOnlySpan<byte> Written => _output.WrittenSpan;

    internal void Raw(ReadOnlySpan<byte> octets) => _output.Write(octets);

    internal void Number(int field, ulong value)
    {
        if (value == 0) return;
        Varint((ulong)field << 3 | ProtoReader.Varint);
        Varint(value);
    }

    internal void Octets(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)field << 3 | ProtoReader.Bytes);
        Varint((ulong)value.Length);
        _output.Write(value);
    }

    internal void Text(int field, string value)
    {
        if (value.Length > 0) Octets(field, Encoding.UTF8.GetBytes(value));
    }

    private void Varint(ulong value)
    {
        var span = _output.GetSpan(LongestVarint);
        var length = 0;
        for (; value >= 0x80; value >>= 7) span[length++] = (byte)(value & 0x7F | 0x80);
        span[length++] = (byte)value;
        _output.Advance(length);
    }
}
