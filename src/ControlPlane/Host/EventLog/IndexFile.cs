using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// The index of a closed segment file, beside it on disk: a lookup reads a few hundred bytes, and nothing but this object stays in memory.
/// It only repeats what the segment says: when it is missing or damaged it is made again.
/// </summary>
/// <remarks>
/// Layout, little-endian: magic (8), CRC-32C of the body (4), CRC-32C of the fixed part after it (4), fixed part (96), then the body:
/// points of 24 bytes (offset, log index, time), streams of 32 bytes sorted by key (key, first version, first posting, count), postings of
/// 4 bytes.
/// </remarks>
internal sealed class IndexFile : IPartIndex
{
    private const int FixedAt = 16, FixedBytes = 96, PointBytes = 24, StreamBytes = 32;
    private const int BodyAt = FixedAt + FixedBytes;
    private readonly string _path;
    private readonly ulong _firstSeq;
    private readonly int _points, _streams, _postings;
    private volatile bool _bodyChecked;
    private readonly uint _bodyCrc;

    private IndexFile(string path, ulong firstSeq, int points, int streams, int postings, uint bodyCrc)
    {
        _path = path;
        (_firstSeq, _points, _streams, _postings, _bodyCrc) = (firstSeq, points, streams, postings, bodyCrc);
    }

    private static ReadOnlySpan<byte> Magic => "VSEVIDX1"u8;
    private int StreamsAt => BodyAt + _points * PointBytes;
    private int PostingsAt => StreamsAt + _streams * StreamBytes;

    public static void Write(string path, ulong firstSeq, PartExtent extent, LiveIndex index)
    {
        var (points, streams) = index.Contents;
        var keys = streams.Keys.Order().ToArray();
        var postings = streams.Values.Sum(s => s.RelativeSeqs.Count);
        var bytes = new byte[BodyAt + points.Count * PointBytes + keys.Length * StreamBytes + postings * 4];
        WriteFixed(bytes, firstSeq, extent, points.Count, keys.Length, postings);
        var at = bytes.AsSpan(BodyAt);
        foreach (var point in points)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at, point.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], point.RaftIndex);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], point.Time.UnixMs);
            at = at[PointBytes..];
        }
        var posting = at[(keys.Length * StreamBytes)..];
        var firstPosting = 0;
        foreach (var key in keys)
        {
            var stream = streams[key];
            BinaryPrimitives.WriteUInt128LittleEndian(at, key);
            BinaryPrimitives.WriteUInt64LittleEndian(at[16..], stream.FirstVersion);
            BinaryPrimitives.WriteInt32LittleEndian(at[24..], firstPosting);
            BinaryPrimitives.WriteInt32LittleEndian(at[28..], stream.RelativeSeqs.Count);
            at = at[StreamBytes..];
            MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(stream.RelativeSeqs)).CopyTo(posting);
            posting = posting[(stream.RelativeSeqs.Count * 4)..];
            firstPosting += stream.RelativeSeqs.Count;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Crc32C.Compute(bytes.AsSpan(BodyAt)));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Crc32C.Compute(bytes.AsSpan(FixedAt, FixedBytes)));
        Disk.Replace(path, bytes);
    }

    /// <summary>Opens the index of a closed file; null when it is missing, damaged or about another length.</summary>
    public static (IndexFile Index, PartExtent Extent)? TryOpen(string path, ulong firstSeq, long segmentLengthBytes)
    {
        if (!File.Exists(path)) return null;
        using var file = Open(path);
        Span<byte> bytes = stackalloc byte[BodyAt];
        if (RandomAccess.Read(file, bytes, 0) < BodyAt || !bytes.StartsWith(Magic)) return null;
        if (Crc32C.Compute(bytes.Slice(FixedAt, FixedBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..])) return null;
        var reader = bytes[FixedAt..];
        var extent = new PartExtent(
            BinaryPrimitives.ReadUInt64LittleEndian(reader[8..]), BinaryPrimitives.ReadInt64LittleEndian(reader[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(reader[24..]), BinaryPrimitives.ReadUInt64LittleEndian(reader[32..]),
            new(BinaryPrimitives.ReadInt64LittleEndian(reader[40..])), new(BinaryPrimitives.ReadInt64LittleEndian(reader[48..])),
                new Hash256(reader.Slice(56, 32)));
        var (points, streams) = (BinaryPrimitives.ReadInt32LittleEndian(reader[88..]),
            BinaryPrimitives.ReadInt32LittleEndian(reader[92..]));
        var postings = (int)(extent.LastSeq - firstSeq + 1);
        if (BinaryPrimitives.ReadUInt64LittleEndian(reader) != firstSeq || extent.LengthBytes != segmentLengthBytes) return null;
        if (RandomAccess.GetLength(file) != BodyAt + (long)points * PointBytes + (long)streams * StreamBytes + (long)postings * 4)
            return null;
        return (new(path, firstSeq, points, streams, postings, BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..])), extent);
    }

    public IndexPoint PointBySeq(ulong seq)
    {
        using var file = OpenChecked();
        return ReadPoint(file, (int)((seq - _firstSeq) / LiveIndex.Spacing));
    }

    public IndexPoint? PointByRaftIndex(ulong raftIndex) => LastPoint(p => p.RaftIndex <= raftIndex);

    public IndexPoint? PointByTime(LogTime time) => LastPoint(p => p.Time <= time);

    public StreamPostings? FindStream(UInt128 streamKey)
    {
        using var file = OpenChecked();
        Span<byte> entry = stackalloc byte[StreamBytes];
        var (low, high) = (0, _streams - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            ReadFully(file, entry, StreamsAt + (long)middle * StreamBytes);
            var key = BinaryPrimitives.ReadUInt128LittleEndian(entry);
            if (key < streamKey) low = middle + 1;
            else if (key > streamKey) high = middle - 1;
            else
            {
                var (first, count) = (BinaryPrimitives.ReadInt32LittleEndian(entry[24..]),
                    BinaryPrimitives.ReadInt32LittleEndian(entry[28..]));
                var postings = new uint[count];
                ReadFully(file, MemoryMarshal.AsBytes(postings.AsSpan()), PostingsAt + (long)first * 4);
                return new(BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), postings);
            }
        }
        return null;
    }

    private IndexPoint? LastPoint(Func<IndexPoint, bool> holds)
    {
        using var file = OpenChecked();
        var (low, high) = (0, _points);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (holds(ReadPoint(file, middle))) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? null : ReadPoint(file, low - 1);
    }

    private IndexPoint ReadPoint(SafeFileHandle file, int number)
    {
        Span<byte> bytes = stackalloc byte[PointBytes];
        ReadFully(file, bytes, BodyAt + (long)number * PointBytes);
        return new(_firstSeq + (ulong)number * LiveIndex.Spacing, BinaryPrimitives.ReadInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), new(BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])));
    }

    /// <summary>The body's checksum is taken on first use, once: opening a log of a thousand segments stays quick.</summary>
    private SafeFileHandle OpenChecked()
    {
        var file = Open(_path);
        if (_bodyChecked) return file;
        var body = new byte[PostingsAt + (long)_postings * 4 - BodyAt];
        ReadFully(file, body, BodyAt);
        if (Crc32C.Compute(body) != _bodyCrc)
        {
            file.Dispose();
            throw Damaged();
        }
        _bodyChecked = true;
        return file;
    }

    private void ReadFully(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0) throw Damaged();
            bytes = bytes[read..];
            offset += read;
        }
    }

    private EventLogException Damaged() =>
        new(EventLogProblem.Corrupt,
            $"{_path} is damaged; remove it and start the replica again: it is made anew from the segment beside it");

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static void WriteFixed(byte[] bytes, ulong firstSeq, PartExtent extent, int points, int streams, int postings)
    {
        Invariant.Require(postings == (int)(extent.LastSeq - firstSeq + 1), "every event is in one stream");
        Magic.CopyTo(bytes);
        var at = bytes.AsSpan(FixedAt, FixedBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(at, firstSeq);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], extent.LastSeq);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], extent.LengthBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], extent.FirstRaftIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(at[32..], extent.LastRaftIndex);
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], extent.FirstTime.UnixMs);
        BinaryPrimitives.WriteInt64LittleEndian(at[48..], extent.LastTime.UnixMs);
        extent.LastChain.CopyTo(at[56..]);
        BinaryPrimitives.WriteInt32LittleEndian(at[88..], points);
        BinaryPrimitives.WriteInt32LittleEndian(at[92..], streams);
    }
}
