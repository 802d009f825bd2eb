using System.Buffers.Binary;
using System.Security.Cryptography;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>Writes a snapshot under a temporary name, in checksummed chunks.</summary>
internal sealed class SnapshotSink : Stream, ISnapshotSink
{
    private readonly SnapshotStore _store;
    private readonly string _temporary;
    private readonly SnapshotMeta _meta;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _chunk = new byte[SnapshotFormat.ChunkHeaderBytes + SnapshotFormat.ChunkBytes];
    private int _used;
    private ulong _contentBytes;
    private long _unwritten;
    private bool _committed;

    internal SnapshotSink(SnapshotStore store, string temporary, SnapshotMeta meta)
    {
        _store = store;
        _temporary = temporary;
        _meta = meta;
        _file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var header = SnapshotFormat.EncodeHeader(meta, BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(16)));
        _hash.AppendData(header);
        _file.Write(header);
    }

    public Stream Stream => this;

    public ulong Commit()
    {
        WriteChunk();
        var trailer = new byte[SnapshotFormat.TrailerBytes];
        var body = trailer.AsSpan(SnapshotFormat.ChunkHeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, _contentBytes);
        _hash.GetHashAndReset(body[sizeof(ulong)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), SnapshotFormat.ChunkCrc(body));
        _file.Write(trailer);
        Libc.SyncData(_file.SafeFileHandle, _temporary);
        var bytes = (ulong)_file.Length;
        _committed = true;
        _store.Publish(_temporary, _meta);
        return bytes;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, SnapshotFormat.ChunkBytes - _used);
            buffer[..count].CopyTo(_chunk.AsSpan(SnapshotFormat.ChunkHeaderBytes + _used));
            _used += count;
            buffer = buffer[count..];
            if (_used == SnapshotFormat.ChunkBytes) WriteChunk();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    private void WriteChunk()
    {
        if (_used == 0) return;
        var content = _chunk.AsSpan(SnapshotFormat.ChunkHeaderBytes, _used);
        BinaryPrimitives.WriteInt32LittleEndian(_chunk, _used);
        BinaryPrimitives.WriteUInt32LittleEndian(_chunk.AsSpan(4), SnapshotFormat.ChunkCrc(content));
        _hash.AppendData(content);
        _file.Write(_chunk.AsSpan(0, SnapshotFormat.ChunkHeaderBytes + _used));
        _contentBytes += (ulong)_used;
        _unwritten += SnapshotFormat.ChunkHeaderBytes + _used;
        _used = 0;
        if (_unwritten < SnapshotFormat.WriteOutBytes) return;
        // bit by bit: all at once would hold up the log's syncs
        Libc.StartWriting(_file.SafeFileHandle, _file.Position - _unwritten, _unwritten, _temporary);
        _unwritten = 0;
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => (long)_contentBytes + _used; set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            _file.Dispose();
            if (!_committed) File.Delete(_temporary);
        }
        base.Dispose(disposing);
    }
}
