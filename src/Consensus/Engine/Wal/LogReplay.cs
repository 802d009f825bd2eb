using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Folds the records of a log into what a replica starts with.</summary>
internal sealed class LogReplay
{
    private const int SlabBytes = 256 << 10;
    private readonly List<Entry> _entries = [];
    private byte[] _slab = [];
    private int _slabUsed;
    private ulong _firstHeld = 1;

    internal LogTail Tail { get; } = new();
    internal uint Chain { get; set; }

    /// <summary>Starts behind segments that are gone.</summary>
    internal void StartFrom(SegmentHeader header)
    {
        Tail.StartFrom(header);
        Chain = header.PreviousChain;
        _firstHeld = header.LastIndex + 1;
    }

    /// <returns>False when the record cannot follow what came before.</returns>
    internal bool Apply(in RecordHeader header, ReadOnlySpan<byte> payload)
    {
        if (!Tail.Follow(header)) return false;
        switch (header.Kind)
        {
            case RecordKind.Entry:
                _entries.Add(
                    new Entry(header.Index, header.Term, header.EntryKind, new ProposalId(header.Session, header.Sequence), Keep(payload)));
                break;
            case RecordKind.Truncate:
            case RecordKind.Reset:
                Drop(header.Kind == RecordKind.Reset ? 0 : header.Index);
                if (_entries.Count == 0) _firstHeld = Tail.LastIndex + 1;
                break;
            case RecordKind.Footer:
                Tail.Commit(Math.Min(BatchFooter.Read(payload).Commit, Tail.LastIndex));
                break;
        }
        return true;
    }

    /// <returns>Null when entries above the base are in segments that are missing.</returns>
    internal LoadedLog? Finish()
    {
        if (_firstHeld > Tail.BaseIndex + 1) return null;
        var dead = (int)Math.Min((ulong)_entries.Count, Tail.BaseIndex + 1 - _firstHeld);
        _entries.RemoveRange(0, dead);
        var commit = Math.Min(Tail.HardState.Commit, Tail.LastIndex); // a hard state may name entries of the same torn write
        return new LoadedLog(Tail.HardState with { Commit = commit }, Tail.BaseIndex, Tail.BaseTerm, _entries);
    }

    private void Drop(ulong above)
    {
        while (_entries.Count > 0 && _entries[^1].Index > above) _entries.RemoveAt(_entries.Count - 1);
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> payload)
    {
        if (_slab.Length - _slabUsed < payload.Length)
        {
            _slab = new byte[Math.Max(SlabBytes, payload.Length)];
            _slabUsed = 0;
        }
        var kept = _slab.AsMemory(_slabUsed, payload.Length);
        payload.CopyTo(kept.Span);
        _slabUsed += payload.Length;
        return kept;
    }
}
