using System.Buffers.Binary;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Requests;

/// <summary>The answers of one minute of log time: records appended to byte blocks, never changed, dropped as a whole.</summary>
/// <remarks>Because bytes once written stay as they are, a snapshot may read them on another thread while new ones are appended.</remarks>
internal sealed class ReplyBucket(long minute)
{
    private const int FirstBlockBytes = 512;
    private const int LargestBlockBytes = 1 << 20;
    /// <summary>Key 16, fingerprint 16, length of the reply 4.</summary>
    internal const int HeadBytes = 36;
    private readonly List<byte[]> _blocks = [];
    private int _used;

    public long Minute { get; } = minute;
    public int Count { get; private set; }

    /// <returns>Where the record stands.</returns>
    public (int Block, int Offset) Append(UInt128 key, UInt128 fingerprint, ReadOnlySpan<byte> reply)
    {
        var size = HeadBytes + reply.Length;
        if (_blocks.Count == 0 || _blocks[^1].Length - _used < size)
        {
            if (_blocks.Count > 0) _blocks[^1].AsSpan(_used).Clear(); // a zero key ends a block
            var next = _blocks.Count == 0 ? FirstBlockBytes : Math.Min(LargestBlockBytes, _blocks[^1].Length * 2);
            _blocks.Add(new byte[Math.Max(next, size)]);
            _used = 0;
        }
        var at = _blocks[^1].AsSpan(_used, size);
        BinaryPrimitives.WriteUInt128LittleEndian(at, key);
        BinaryPrimitives.WriteUInt128LittleEndian(at[16..], fingerprint);
        BinaryPrimitives.WriteInt32LittleEndian(at[32..], reply.Length);
        reply.CopyTo(at[HeadBytes..]);
        var place = (_blocks.Count - 1, _used);
        _used += size;
        Count++;
        return place;
    }

    /// <summary>The whole record: head and reply.</summary>
    public ReadOnlySpan<byte> RecordAt(int block, int offset) => RecordAt(_blocks[block], offset);

    public Captured Capture() => new(Minute, [.. _blocks], _used, Count);

    internal static ReadOnlySpan<byte> RecordAt(byte[] block, int offset) =>
        block.AsSpan(offset, HeadBytes + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(offset + 32)));

    /// <summary>The bucket as of one moment.</summary>
    internal sealed record Captured(long Minute, byte[][] Blocks, int UsedOfLast, int Count)
    {
        public delegate void Visit(ReadOnlySpan<byte> record);

        public void ForEach(Visit visit)
        {
            var left = Count;
            for (var b = 0; b < Blocks.Length; b++)
            {
                var end = b == Blocks.Length - 1 ? UsedOfLast : Blocks[b].Length;
                for (var offset = 0; left > 0 && offset + HeadBytes <= end;)
                {
                    var record = RecordAt(Blocks[b], offset);
                    if (BinaryPrimitives.ReadUInt128LittleEndian(record) == 0) break;
                    visit(record);
                    left--;
                    offset += record.Length;
                }
            }
            Invariant.Require(left == 0, "a bucket holds as many records as it counted");
        }
    }
}
