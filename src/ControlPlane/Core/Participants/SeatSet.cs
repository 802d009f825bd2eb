using System.Diagnostics.CodeAnalysis;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>
/// The seats of a room in order of identity. Changed in place by its room; a snapshot keeps it as it is, and the room goes on with a copy.
/// </summary>
/// <remarks>Blocks of at most 64: a newcomer moves one block, never all seats.</remarks>
public sealed class SeatSet
{
    private const int BlockSize = 64;

    /// <summary>Never changed: a room begins with a copy of it.</summary>
    public static readonly SeatSet Empty = new([], 0);
    private Seat[][] _blocks;

    private SeatSet(Seat[][] blocks, int count)
    {
        _blocks = blocks;
        Count = count;
    }

    public int Count { get; private set; }

    /// <param name="seats">In order of identity, each identity once.</param>
    internal static SeatSet FromOrdered(Seat[] seats)
    {
        if (seats.Length == 0) return Empty;
        for (var i = 1; i < seats.Length; i++)
            if (seats[i - 1].Identity.CompareTo(seats[i].Identity) >= 0)
                throw new CanonicalException($"seats out of order at {seats[i].Identity}");
        var blocks = new Seat[(seats.Length + BlockSize - 1) / BlockSize][];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = seats[(i * BlockSize)..Math.Min(seats.Length, (i + 1) * BlockSize)];
        return new(blocks, seats.Length);
    }

    public IEnumerable<Seat> InOrder()
    {
        foreach (var block in _blocks)
            foreach (var seat in block) yield return seat;
    }

    public bool TryGet(ParticipantIdentity identity, [NotNullWhen(true)] out Seat? seat)
    {
        seat = null;
        if (_blocks.Length == 0) return false;
        var block = _blocks[BlockOf(identity)];
        var at = PlaceIn(block, identity);
        if (at < block.Length && block[at].Identity == identity) seat = block[at];
        return seat is not null;
    }

    /// <summary>Shares the seats, which never change, and nothing else.</summary>
    public SeatSet Copy()
    {
        var blocks = new Seat[_blocks.Length][];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = (Seat[])_blocks[i].Clone();
        return new(blocks, Count);
    }

    /// <summary>Adds the seat, or puts it in the place of the same identity's.</summary>
    public void Put(Seat seat)
    {
        if (_blocks.Length == 0)
        {
            (_blocks, Count) = ([[seat]], 1);
            return;
        }
        var at = BlockOf(seat.Identity);
        var block = _blocks[at];
        var place = PlaceIn(block, seat.Identity);
        if (place < block.Length && block[place].Identity == seat.Identity)
        {
            block[place] = seat;
            return;
        }
        var grown = new Seat[block.Length + 1];
        block.AsSpan(0, place).CopyTo(grown);
        grown[place] = seat;
        block.AsSpan(place).CopyTo(grown.AsSpan(place + 1));
        Count++;
        if (grown.Length <= BlockSize) _blocks[at] = grown;
        else _blocks = [.. _blocks[..at], grown[..(BlockSize / 2)], grown[(BlockSize / 2)..], .. _blocks[(at + 1)..]];
    }

    public bool Remove(ParticipantIdentity identity)
    {
        if (!TryGet(identity, out _)) return false;
        Count--;
        var at = BlockOf(identity);
        var block = _blocks[at];
        if (block.Length == 1)
        {
            _blocks = [.. _blocks[..at], .. _blocks[(at + 1)..]];
            return true;
        }
        var place = PlaceIn(block, identity);
        var shrunk = new Seat[block.Length - 1];
        block.AsSpan(0, place).CopyTo(shrunk);
        block.AsSpan(place + 1).CopyTo(shrunk.AsSpan(place));
        _blocks[at] = shrunk;
        return true;
    }

    /// <summary>Sum of the seats' hashes: it does not depend on how the blocks were cut.</summary>
    internal UInt128 HashSum(FieldHasher hasher)
    {
        UInt128 sum = 0;
        foreach (var block in _blocks)
            foreach (var seat in block) sum = unchecked(sum + seat.Hash(hasher));
        return sum;
    }

    private int BlockOf(ParticipantIdentity identity)
    {
        var (low, high) = (0, _blocks.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_blocks[middle][0].Identity.CompareTo(identity) <= 0) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private static int PlaceIn(Seat[] block, ParticipantIdentity identity)
    {
        var (low, high) = (0, block.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (block[middle].Identity.CompareTo(identity) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
