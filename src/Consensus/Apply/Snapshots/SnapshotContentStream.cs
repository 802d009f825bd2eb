using System.Buffers.Binary;
using System.Security.Cryptography;
using VideoScale.Consensus.Apply.Directories;

namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>Reads a snapshot's content and verifies every chunk before it hands out a byte of it, and the whole at the end.</summary>
internal sealed class SnapshotContentStream : Stream
{
    private const int BytesBetweenPauses = 1 << 20;
    private readonly FileStream _file;
    private readonly string _path;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _chunk = new byte[SnapshotFormat.ChunkBytes];
    private readonly ulong _index;
    private ulong _contentBytes;
    private int _length;
    private int _at;
    private bool _ended;

    internal SnapshotContentStream(FileStream file, string path)
    {
        _file = file;
        _path = path;
        var start = new byte[SnapshotFormat.FixedHeaderBytes];
        Fill(start);
        var header = new byte[SnapshotFormat.HeaderLength(start)];
        if (header.Length == 0) throw Rot("it does not begin like a snapshot");
        start.CopyTo(header, 0);
        Fill(header.AsSpan(start.Length));
        try { (Meta, Id) = SnapshotFormat.DecodeHeader(header); }
        catch (InvalidDataException e) { throw Rot(e.Message); }
        _index = Meta.Index;
        _hash.AppendData(header);
    }

    internal SnapshotMeta Meta { get; }
    internal UInt128 Id { get; }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _length && !NextChunk()) return 0;
        var count = Math.Min(buffer.Length, _length - _at);
        _chunk.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads to the end for the checks alone.</summary>
    /// <param name="pause">After each MiB: beside a replica that serves, so that a large file does not take a processor from it.</param>
    internal void Verify(TimeSpan pause = default)
    {
        for (var chunks = 1; NextChunk(); chunks++)
            if (pause > TimeSpan.Zero && chunks % (BytesBetweenPauses / SnapshotFormat.ChunkBytes) == 0) Thread.Sleep(pause);
        if (_file.Position != _file.Length) throw Rot("bytes follow its end");
    }

    private bool NextChunk()
    {
        if (_ended) return false;
        Span<byte> head = stackalloc byte[SnapshotFormat.ChunkHeaderBytes];
        Fill(head);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        if (length == 0) { End(crc); return false; }
        if (length > SnapshotFormat.ChunkBytes) throw Rot("a chunk has no sane length");
        var content = _chunk.AsSpan(0, (int)length);
        Fill(content);
        if (SnapshotFormat.ChunkCrc(content) != crc) throw Rot("a chunk fails its checksum");
        _hash.AppendData(content);
        _contentBytes += length;
        (_at, _length) = (0, (int)length);
        return true;
    }

    private void End(uint crc)
    {
        Span<byte> trailer = stackalloc byte[SnapshotFormat.TrailerBytes - SnapshotFormat.ChunkHeaderBytes];
        Fill(trailer);
        if (SnapshotFormat.ChunkCrc(trailer) != crc || BinaryPrimitives.ReadUInt64LittleEndian(trailer) != _contentBytes)
            throw Rot("its end fails its checksum");
        if (!_hash.GetHashAndReset().AsSpan().SequenceEqual(trailer[sizeof(ulong)..]))
            throw Rot("its content does not have the SHA-256 it should have");
        _ended = true;
        (_at, _length) = (0, 0);
    }

    private void Fill(Span<byte> bytes)
    {
        if (_file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw Rot("it ends too early");
    }

    private RotFoundException Rot(string what) => new(_path, _file.Position, what, 0, _index == 0 ? ulong.MaxValue : _index);

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            _file.Dispose();
        }
        base.Dispose(disposing);
    }
}
