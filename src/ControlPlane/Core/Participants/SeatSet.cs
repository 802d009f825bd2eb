using System.Diagnostics.CodeAnalysis;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Ordinal;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>
/// The seats of a room in order of identity. Changed in place by its room; a snapshot keeps it as it is, and the room goes on with a copy.
/// </summary>
/// <remarks>Blocks of at most 64: a newcomer moves one block, never all seats.</remarks>
public sealed class SeatSet
{
    private const int BlockSize = 64;

    /// <summary>Where the seat of an identity stands, or would stand. Until the set is changed.</summary>
    public readonly record struct Place(int Block, int At, UInt128 Prefix);

    /// <summary>Never changed: a room begins with a copy of it.</summary>
    public static readonly SeatSet Empty = new([], 0);
    private OrdinalBlock<Seat>[] _blocks;

    private SeatSet(OrdinalBlock<Seat>[] blocks, int count)
    {
        _blocks = blocks;
        Count = count;
    }

    public int Count { get; private set; }

    /// <summary>0 without seats.</summary>
    internal ulong FirstSeatId => _blocks.Length > 0 ? _blocks[0][0].SeatId : 0;

    /// <summary>The seat at a place where one was found; what is put there has the same identity.</summary>
    public Seat this[Place place]
    {
        get => _blocks[place.Block][place.At];
        set => _blocks[place.Block][place.At] = value;
    }

    /// <param name="seats">In order of identity, each identity once.</param>
    internal static SeatSet FromOrdered(Seat[] seats)
    {
        if (seats.Length == 0) return Empty;
        for (var i = 1; i < seats.Length; i++)
            if (seats[i - 1].Identity.CompareTo(seats[i].Identity) >= 0)
                throw new CanonicalException($"seats out of order at {seats[i].Identity}");
        var blocks = new OrdinalBlock<Seat>[(seats.Length + BlockSize - 1) / BlockSize];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = new(seats[(i * BlockSize)..Math.Min(seats.Length, (i + 1) * BlockSize)]);
        return new(blocks, seats.Length);
    }

    public IEnumerable<Seat> InOrder()
    {
        foreach (var block in _blocks)
            for (var i = 0; i < block.Count; i++) yield return block[i];
    }

    public bool TryGet(ParticipantIdentity identity, [NotNullWhen(true)] out Seat? seat)
    {
        seat = Find(identity, out var place) ? this[place] : null;
        return seat is not null;
    }

    /// <returns>Whether the identity has a seat.</returns>
    public bool Find(ParticipantIdentity identity, out Place place)
    {
        var prefix = OrdinalPrefix.Of(identity.Value);
        place = new(0, 0, prefix);
        if (_blocks.Length == 0) return false;
        var at = _blocks.Length == 1 ? 0 : BlockOf(prefix, identity);
        var block = _blocks[at];
        place = new(at, block.PlaceOf(prefix, identity.Value), prefix);
        return place.At < block.Count && block[place.At].Identity == identity;
    }

    /// <summary>Shares the seats, which never change, and nothing else.</summary>
    public SeatSet Copy()
    {
        var blocks = new OrdinalBlock<Seat>[_blocks.Length];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = _blocks[i].Copy();
        return new(blocks, Count);
    }

    /// <param name="place">Where its identity was looked for and not found.</param>
    public void Insert(Place place, Seat seat)
    {
        if (_blocks.Length == 0) _blocks = [new()];
        var (at, block) = (place.At, _blocks[place.Block]);
        if (block.Count == BlockSize)
        {
            var rest = block.CutAt(BlockSize / 2);
            _blocks = [.. _blocks[..(place.Block + 1)], rest, .. _blocks[(place.Block + 1)..]];
            if (at > BlockSize / 2) (at, block) = (at - BlockSize / 2, rest);
        }
        block.Insert(at, place.Prefix, seat);
        Count++;
    }

    /// <param name="place">Where a seat was found.</param>
    public void RemoveAt(Place place)
    {
        Count--;
        var block = _blocks[place.Block];
        block.RemoveAt(place.At);
        if (block.Count == 0) _blocks = [.. _blocks[..place.Block], .. _blocks[(place.Block + 1)..]];
    }

    /// <summary>Sum of the seats' hashes: it does not depend on how the blocks were cut.</summary>
    internal UInt128 HashSum(FieldHasher hasher)
    {
        UInt128 sum = 0;
        foreach (var block in _blocks)
            for (var i = 0; i < block.Count; i++) sum = unchecked(sum + block[i].Hash(hasher));
        return sum;
    }

    /// <summary>The last block whose first seat's identity is not after this one.</summary>
    private int BlockOf(UInt128 prefix, ParticipantIdentity identity)
    {
        var (low, high) = (0, _blocks.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_blocks[middle].BeginsAfter(prefix, identity.Value)) high = middle - 1;
            else low = middle;
        }
        return low;
    }
}
