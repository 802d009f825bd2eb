using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VideoScale.MediaNode.Sctp;

/// <summary>Which TSNs have come: all up to one, and runs behind it (RFC 9260 §6.2).</summary>
internal sealed class ReceivedTsns(uint initialTsn)
{
    /// <summary>Holes that are kept; what would make another is dropped, and comes again.</summary>
    private const int MaxRuns = 256;
    /// <summary>A gap block says how far it is away in 16 bits.</summary>
    private const uint Reach = ushort.MaxValue;

    private const int MaxDuplicates = 16;
    private readonly List<(uint First, uint Last)> _runs = [];
    private readonly List<uint> _duplicates = [];

    /// <summary>All up to this one have come, or need not come any more.</summary>
    internal uint Cumulative { get; private set; } = Serial.Previous(initialTsn);
    internal bool HasHoles => _runs.Count > 0;

    /// <summary>Whether a TSN is news that can be noted.</summary>
    internal bool IsWanted(uint tsn)
    {
        if (!Serial.IsBefore(Cumulative, tsn) || Find(tsn) >= 0)
        {
            if (_duplicates.Count < MaxDuplicates) _duplicates.Add(tsn);
            return false;
        }
        return Serial.Steps(Cumulative, tsn) <= Reach && (_runs.Count < MaxRuns || tsn == Serial.Next(Cumulative) || Touches(tsn));
    }

    internal void Add(uint tsn)
    {
        var at = Behind(tsn);
        var follows = at > 0 && Serial.Next(_runs[at - 1].Last) == tsn;
        var precedes = at < _runs.Count && Serial.Next(tsn) == _runs[at].First;
        if (follows && precedes)
        {
            _runs[at - 1] = (_runs[at - 1].First, _runs[at].Last);
            _runs.RemoveAt(at);
        }
        else if (follows) _runs[at - 1] = (_runs[at - 1].First, tsn);
        else if (precedes) _runs[at] = (tsn, _runs[at].Last);
        else _runs.Insert(at, (tsn, tsn));
        TakeFirst();
    }

    /// <summary>The peer has given up what is missing up to there (RFC 3758).</summary>
    internal void Forward(uint tsn)
    {
        if (!Serial.IsBefore(Cumulative, tsn)) return;
        Cumulative = tsn;
        var gone = 0;
        while (gone < _runs.Count && !Serial.IsBefore(tsn, _runs[gone].Last)) gone++;
        _runs.RemoveRange(0, gone);
        if (_runs.Count > 0 && !Serial.IsBefore(tsn, _runs[0].First)) Cumulative = _runs[0].Last;
        if (Cumulative != tsn) _runs.RemoveAt(0);
        TakeFirst();
    }

    /// <summary>Writes the acknowledgement.</summary>
    /// <param name="window">Octets that there is room for.</param>
    internal void WriteSack(ref PacketWriter packet, uint window)
    {
        const int Fixed = 12, Each = 4;
        var blocks = Math.Min(_runs.Count, (packet.Room - Fixed) / Each);
        var duplicates = Math.Min(_duplicates.Count, (packet.Room - Fixed) / Each - blocks);
        var value = packet.Chunk(ChunkType.Sack, 0, Fixed + Each * (blocks + duplicates));
        BinaryPrimitives.WriteUInt32BigEndian(value, Cumulative);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], window);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], (ushort)blocks);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], (ushort)duplicates);
        value = value[Fixed..];
        foreach (var (first, last) in CollectionsMarshal.AsSpan(_runs)[..blocks])
        {
            BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)Math.Min(Serial.Steps(Cumulative, first), Reach));
            BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)Math.Min(Serial.Steps(Cumulative, last), Reach));
            value = value[Each..];
        }
        foreach (var tsn in CollectionsMarshal.AsSpan(_duplicates)[..duplicates])
        {
            BinaryPrimitives.WriteUInt32BigEndian(value, tsn);
            value = value[Each..];
        }
        _duplicates.Clear();
    }

    private void TakeFirst()
    {
        if (_runs.Count == 0 || _runs[0].First != Serial.Next(Cumulative)) return;
        Cumulative = _runs[0].Last;
        _runs.RemoveAt(0);
    }

    /// <summary>It only lengthens a run.</summary>
    private bool Touches(uint tsn)
    {
        var at = Behind(tsn);
        return (at > 0 && Serial.Next(_runs[at - 1].Last) == tsn) || (at < _runs.Count && Serial.Next(tsn) == _runs[at].First);
    }

    /// <summary>The first run that begins behind a TSN.</summary>
    private int Behind(uint tsn)
    {
        var (low, high) = (0, _runs.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Serial.IsBefore(tsn, _runs[middle].First)) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private int Find(uint tsn)
    {
        var at = Behind(tsn) - 1;
        return at >= 0 && !Serial.IsBefore(_runs[at].Last, tsn) ? at : -1;
    }
}
