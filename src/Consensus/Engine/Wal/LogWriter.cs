using System.Buffers.Binary;
using System.Security.Cryptography;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Seals staged records and brings them to disk, segment after segment. Used by the log's thread alone.</summary>
internal sealed class LogWriter : IDisposable
{
    private readonly string _directory;
    private readonly MemberId _member;
    private readonly WalStatistics _statistics;
    private readonly SegmentPool _pool;
    private readonly List<SegmentFile> _segments; // oldest first; the last one is written to
    private readonly LogTail _tail;
    private long _offset;
    private uint _chain;

    internal LogWriter(string directory, MemberId member, WalOptions options, RecoveredLog recovered, WalStatistics statistics)
    {
        _directory = directory;
        _member = member;
        _statistics = statistics;
        _segments = recovered.Segments;
        _tail = recovered.Tail;
        _offset = recovered.EndOffset;
        _chain = recovered.Chain;
        _pool = new SegmentPool(directory, options);
        if (_segments.Count == 0) Begin(_pool.TakeFirst());
    }

    internal void Start() => _pool.Start();

    /// <summary>Returns when the batch is durable.</summary>
    internal void Write(StagingBuffer batch)
    {
        var bytes = batch.WithFooter;
        try
        {
            if (_offset + bytes.Length > _segments[^1].Length) Begin(_pool.Take(SegmentHeader.Bytes + bytes.Length));
            Seal(bytes, batch);
            var segment = _segments[^1];
            segment.Write(bytes, _offset);
            segment.Sync();
            _offset += bytes.Length;
        }
        catch (IOException e) when (DiskFull.Is(e))
        {
            throw new StorageFailedException($"the log cannot be written ({e.Message}): {DiskFull.Advice(_directory)}", e);
        }
        _statistics.Wrote(bytes.Length);
        Release();
    }

    public void Dispose()
    {
        _pool.Dispose();
        foreach (var segment in _segments) segment.Dispose();
    }

    private void Seal(Span<byte> bytes, StagingBuffer batch)
    {
        var segment = _segments[^1];
        var epoch = segment.Header.Epoch;
        var at = 0;
        while (at < batch.Length)
        {
            var total = RecordFormat.TotalBytes(BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]));
            var record = bytes.Slice(at, total);
            var header = RecordFormat.ReadStaged(record);
            if (!_tail.Follow(header))
                throw new ConsensusInvariantException($"a {header.Kind} record at index {header.Index} cannot follow in the log");
            segment.MaxIndex = Math.Max(segment.MaxIndex, _tail.LastIndex);
            _chain = RecordFormat.Seal(record, epoch, _chain);
            at += total;
        }
        _tail.Commit(Math.Min(batch.Commit, _tail.LastIndex));
        _chain = BatchFooter.Seal(bytes, _offset, batch.Records, _tail, epoch, _chain);
    }

    private void Begin(string zeroFilledPath)
    {
        var epoch = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        _segments.Add(SegmentFile.Begin(zeroFilledPath, _directory, new SegmentHeader
        {
            Sequence = _segments.Count == 0 ? 1 : _segments[^1].Header.Sequence + 1,
            Epoch = epoch,
            Member = _member,
            PreviousEnd = _segments.Count == 0 ? 0 : (ulong)_offset,
            PreviousChain = _chain,
            HardState = _tail.HardState,
            BaseIndex = _tail.BaseIndex,
            BaseTerm = _tail.BaseTerm,
            LastIndex = _tail.LastIndex,
        }));
        _offset = SegmentHeader.Bytes;
    }

    /// <summary>Gives back segments from the old end: what says that they are not needed is durable by now.</summary>
    private void Release()
    {
        while (_segments.Count > 1 && _segments[0].MaxIndex <= _tail.BaseIndex)
        {
            _pool.Recycle(_segments[0]);
            _segments.RemoveAt(0);
        }
    }
}
