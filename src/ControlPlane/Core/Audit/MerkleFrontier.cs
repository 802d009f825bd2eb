using System.Numerics;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Hashing;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// The right edge of an RFC 6962 Merkle tree: the roots of its full subtrees, largest first. Appending costs one node hash on average,
/// the root of all leaves so far at most 63, and what is kept is at most 64 hashes.
/// </summary>
public sealed class MerkleFrontier
{
    private const int MaxPeaks = 64;
    private readonly Hash256[] _peaks;
    private int _count;

    public MerkleFrontier() => _peaks = new Hash256[MaxPeaks];

    private MerkleFrontier(MerkleFrontier other)
    {
        _peaks = (Hash256[])other._peaks.Clone();
        _count = other._count;
        Size = other.Size;
    }

    /// <summary>Leaves appended so far.</summary>
    public ulong Size { get; private set; }

    public void Append(in Hash256 leaf)
    {
        var hash = leaf;
        for (var merges = BitOperations.TrailingZeroCount(Size + 1); merges > 0; merges--) hash = EventHashes.Node(_peaks[--_count], hash);
        _peaks[_count++] = hash;
        Size++;
    }

    /// <summary>The root over all leaves so far; of none, SHA-256 of nothing.</summary>
    public Hash256 Root()
    {
        if (_count == 0) return EventHashes.Sha256([]);
        var root = _peaks[_count - 1];
        for (var i = _count - 2; i >= 0; i--) root = EventHashes.Node(_peaks[i], root);
        return root;
    }

    /// <summary>The root of a full subtree, when it is one of those that the edge is made of; null otherwise.</summary>
    public Hash256? TryFull(ulong start, int height)
    {
        var larger = Size >> height;
        if (height >= MaxPeaks - 1 || (larger & 1) == 0 || (larger - 1) << height != start) return null;
        return _peaks[BitOperations.PopCount(larger) - 1];
    }

    public MerkleFrontier Clone() => new(this);

    public bool SameAs(MerkleFrontier other) =>
        Size == other.Size && _peaks.AsSpan(0, _count).SequenceEqual(other._peaks.AsSpan(0, other._count));

    public void WriteTo(CanonicalWriter writer)
    {
        writer.WriteUInt64(Size);
        Span<byte> bytes = stackalloc byte[Hash256.SizeBytes];
        foreach (ref readonly var peak in _peaks.AsSpan(0, _count))
        {
            peak.CopyTo(bytes);
            writer.WriteRaw(bytes);
        }
    }

    public static MerkleFrontier Read(ref CanonicalReader reader)
    {
        var frontier = new MerkleFrontier { Size = reader.ReadUInt64() };
        frontier._count = BitOperations.PopCount(frontier.Size); // one full subtree for each bit of the size
        for (var i = 0; i < frontier._count; i++) frontier._peaks[i] = new(reader.ReadRaw(Hash256.SizeBytes));
        return frontier;
    }
}
