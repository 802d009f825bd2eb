namespace VideoScale.Consensus.Core;

/// <summary>The log in memory since its last compaction, durable or not. Entries lie in chunks, so that it grows without copying.</summary>
public sealed class RaftLog
{
    private const int ChunkEntries = 1024; // 56 KiB of entries: below the large object heap
    private const int ChunkShift = 10;
    private const int MaxSpareChunks = 256;

    private readonly IPayloadOwner? _payloads;
    private readonly List<Entry[]> _chunks = [];
    private readonly Stack<Entry[]> _spare = [];
    private ulong _firstChunk;

    public RaftLog(IPayloadOwner? payloads = null) => _payloads = payloads;

    /// <summary>The index before the first entry held, and its term.</summary>
    public ulong BaseIndex { get; private set; }
    public ulong BaseTerm { get; private set; }
    public ulong FirstIndex => BaseIndex + 1;
    public ulong LastIndex { get; private set; }
    public ulong LastTerm => TermAt(LastIndex);

    public ref readonly Entry this[ulong index]
    {
        get
        {
            Invariant.Require(index > BaseIndex && index <= LastIndex, "only entries of the log are read");
            return ref _chunks[(int)((index >> ChunkShift) - _firstChunk)][index & (ChunkEntries - 1)];
        }
    }

    public ulong TermAt(ulong index) => index == BaseIndex ? BaseTerm : this[index].Term;

    public bool Holds(ulong index, ulong term) => index >= BaseIndex && index <= LastIndex && TermAt(index) == term;

    public void Append(in Entry entry)
    {
        Invariant.Require(entry.Index == LastIndex + 1, "the log has no gaps");
        Invariant.Require(entry.Term >= LastTerm, "terms in the log never go back");
        if (_chunks.Count == 0) _firstChunk = entry.Index >> ChunkShift;
        var chunk = (int)((entry.Index >> ChunkShift) - _firstChunk);
        if (chunk == _chunks.Count) _chunks.Add(_spare.TryPop(out var spare) ? spare : new Entry[ChunkEntries]);
        _chunks[chunk][entry.Index & (ChunkEntries - 1)] = entry;
        LastIndex = entry.Index;
        _payloads?.Retain(entry.Payload);
    }

    /// <summary>Drops the entries from this index on.</summary>
    public void TruncateFrom(ulong index)
    {
        Invariant.Require(index > BaseIndex && index <= LastIndex, "only entries of the log are truncated");
        Drop(index, LastIndex);
        LastIndex = index - 1;
        var keep = LastIndex == BaseIndex ? 0 : (int)((LastIndex >> ChunkShift) - _firstChunk) + 1;
        while (_chunks.Count > keep)
        {
            Spare(_chunks[^1]);
            _chunks.RemoveAt(_chunks.Count - 1);
        }
    }

    /// <summary>Forgets entries up to this index.</summary>
    public void CompactTo(ulong index)
    {
        if (index <= BaseIndex) return;
        var term = TermAt(index);
        Drop(FirstIndex, index);
        (BaseIndex, BaseTerm) = (index, term);
        var gone = index == LastIndex ? _chunks.Count : (int)((FirstIndex >> ChunkShift) - _firstChunk);
        for (var i = 0; i < gone; i++) Spare(_chunks[i]);
        _chunks.RemoveRange(0, gone);
        _firstChunk += (ulong)gone;
    }

    /// <summary>Drops everything and goes on after this index.</summary>
    public void Reset(ulong index, ulong term)
    {
        if (LastIndex > BaseIndex) TruncateFrom(FirstIndex);
        (BaseIndex, BaseTerm, LastIndex) = (index, term, index);
    }

    /// <summary>
    /// Entries from an index on: at least one, at most <paramref name="maxBytes"/> of them, none beyond <paramref name="last"/>, and only
    /// as far as they lie side by side.
    /// </summary>
    public ReadOnlyMemory<Entry> Slice(ulong from, ulong last, long maxBytes, out long bytes)
    {
        bytes = 0;
        if (from > last) return default;
        Invariant.Require(from > BaseIndex && last <= LastIndex, "only entries of the log are read");
        var chunk = _chunks[(int)((from >> ChunkShift) - _firstChunk)];
        var start = (int)(from & (ChunkEntries - 1));
        var limit = (int)Math.Min((ulong)(ChunkEntries - start), last - from + 1);
        var count = 0;
        while (count < limit)
        {
            var size = chunk[start + count].CountedBytes;
            if (count > 0 && bytes + size > maxBytes) break;
            bytes += size;
            count++;
        }
        return chunk.AsMemory(start, count);
    }

    /// <summary>
    /// The highest index not above <paramref name="index"/> whose term is not above <paramref name="term"/>: skips whole terms when two
    /// logs look for where they part.
    /// </summary>
    public ulong LastNotAfter(ulong index, ulong term)
    {
        index = Math.Min(index, LastIndex);
        while (index > BaseIndex && TermAt(index) > term) index--;
        return index;
    }

    /// <summary>The lowest index such that the entries after it, up to <paramref name="to"/>, hold at most this many bytes.</summary>
    public ulong TailBefore(ulong to, long tailBytes)
    {
        var index = to;
        while (index > BaseIndex)
        {
            tailBytes -= this[index].CountedBytes;
            if (tailBytes < 0) break;
            index--;
        }
        return index;
    }

    public long BytesBetween(ulong afterIndex, ulong last)
    {
        long bytes = 0;
        for (var index = afterIndex + 1; index <= last; index++) bytes += this[index].CountedBytes;
        return bytes;
    }

    private void Drop(ulong from, ulong to)
    {
        for (var index = from; index <= to; index++)
        {
            ref var entry = ref _chunks[(int)((index >> ChunkShift) - _firstChunk)][index & (ChunkEntries - 1)];
            _payloads?.Release(entry.Payload);
            entry = default;
        }
    }

    private void Spare(Entry[] chunk)
    {
        if (_spare.Count < MaxSpareChunks) _spare.Push(chunk);
    }
}
