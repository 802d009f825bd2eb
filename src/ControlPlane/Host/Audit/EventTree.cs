using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// The Merkle tree over an event log, one leaf for each event. Segments begin with the right edge of the tree before them, which holds
/// the roots of most large subtrees: a proof hashes at most one segment for each doubling of the log's length beyond one segment.
/// </summary>
internal sealed class EventTree(EventLogReader log, CancellationToken cancellationToken)
{
    private readonly MerkleFrontier[] _edges = [.. log.Parts.Select(part => part.Header.Frontier)];

    internal Hash256 Root(ulong size) => MerkleProof.Root(0, size, Full);

    internal List<Hash256> Inclusion(ulong seq, ulong size) => MerkleProof.Inclusion(seq - 1, size, Full);

    internal List<Hash256> Consistency(ulong older, ulong newer) => MerkleProof.Consistency(older, newer, Full);

    private Hash256 Full(ulong start, int height)
    {
        foreach (var edge in _edges)
            if (edge.TryFull(start, height) is { } known) return known;
        if (log.PartOf(start + 1) is { } part && 1UL << height > part.Header.EventsPerSegment)
        {
            var half = 1UL << (height - 1);
            return EventHashes.Node(Full(start, height - 1), Full(start + half, height - 1));
        }
        return Hashed(start, 1UL << height);
    }

    private Hash256 Hashed(ulong start, ulong count)
    {
        var edge = new MerkleFrontier();
        using var cursor = log.Read(start + 1);
        while (edge.Size < count && cursor.MoveNext())
        {
            edge.Append(EventHashes.Leaf(cursor.Record));
            if ((edge.Size & 0xFFF) == 0) cancellationToken.ThrowIfCancellationRequested();
        }
        return edge.Size == count ? edge.Root() : throw log.OutOfRange(start + count);
    }
}
