using System.Numerics;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// Proofs of RFC 6962, section 2.1: that a leaf is in a tree, and that a tree is the beginning of a later one. Whoever holds a root
/// checks them without the log.
/// </summary>
public static class MerkleProof
{
    /// <summary>Root of the full subtree of 2^<paramref name="height"/> leaves from leaf <paramref name="start"/> on (from 0).</summary>
    public delegate Hash256 FullSubtree(ulong start, int height);

    /// <summary>The root over leaves <paramref name="from"/> to <paramref name="to"/> (not included).</summary>
    public static Hash256 Root(ulong from, ulong to, FullSubtree full)
    {
        var count = to - from;
        if (count == 0) return EventHashes.Sha256([]);
        if (BitOperations.IsPow2(count)) return full(from, BitOperations.Log2(count));
        var split = from + LargestPowerBelow(count);
        return EventHashes.Node(Root(from, split, full), Root(split, to, full));
    }

    /// <summary>The audit path of a leaf in the tree of the first <paramref name="size"/> leaves, from the leaf upwards.</summary>
    public static List<Hash256> Inclusion(ulong leaf, ulong size, FullSubtree full)
    {
        var path = new List<Hash256>();
        for (ulong from = 0, to = size; to - from > 1;)
        {
            var split = from + LargestPowerBelow(to - from);
            if (leaf < split)
            {
                path.Add(Root(split, to, full));
                to = split;
            }
            else
            {
                path.Add(Root(from, split, full));
                from = split;
            }
        }
        path.Reverse();
        return path;
    }

    /// <summary>That the tree of the first <paramref name="older"/> leaves is the beginning of that of <paramref name="newer"/>.</summary>
    public static List<Hash256> Consistency(ulong older, ulong newer, FullSubtree full)
    {
        var path = new List<Hash256>();
        if (older == 0 || older == newer) return path;
        var (from, to, isWhole) = (0UL, newer, true);
        while (older != to)
        {
            var split = from + LargestPowerBelow(to - from);
            if (older <= split)
            {
                path.Add(Root(split, to, full));
                to = split;
            }
            else
            {
                path.Add(Root(from, split, full));
                (from, isWhole) = (split, false);
            }
        }
        if (!isWhole) path.Add(Root(from, to, full));
        path.Reverse();
        return path;
    }

    /// <summary>The root that a leaf and its path lead to; null when the path does not belong to such a place in such a tree.</summary>
    public static Hash256? RootOf(in Hash256 leaf, ulong index, ulong size, IReadOnlyList<Hash256> path)
    {
        if (index >= size) return null;
        var (node, last, root) = (index, size - 1, leaf);
        foreach (var sibling in path)
        {
            if (last == 0) return null;
            if ((node & 1) == 1 || node == last)
            {
                root = EventHashes.Node(sibling, root);
                for (; (node & 1) == 0 && node != 0; last >>= 1) node >>= 1;
            }
            else root = EventHashes.Node(root, sibling);
            node >>= 1;
            last >>= 1;
        }
        return last == 0 ? root : null;
    }

    /// <summary>True when the path shows that the first tree is the beginning of the second.</summary>
    public static bool IsBeginning(ulong older, in Hash256 olderRoot, ulong newer, in Hash256 newerRoot, IReadOnlyList<Hash256> path)
    {
        if (older > newer) return false;
        if (older == newer) return path.Count == 0 && olderRoot == newerRoot;
        if (older == 0) return path.Count == 0 && olderRoot == EventHashes.Sha256([]);
        var (node, last) = (older - 1, newer - 1);
        for (; (node & 1) == 1; last >>= 1) node >>= 1;
        var next = 0;
        if (node != 0 && path.Count == 0) return false;
        var first = node == 0 ? olderRoot : path[next++];
        var (ofOlder, ofNewer) = (first, first);
        for (; next < path.Count; next++)
        {
            if (last == 0) return false;
            if ((node & 1) == 1 || node == last)
            {
                (ofOlder, ofNewer) = (EventHashes.Node(path[next], ofOlder), EventHashes.Node(path[next], ofNewer));
                for (; (node & 1) == 0 && node != 0; last >>= 1) node >>= 1;
            }
            else ofNewer = EventHashes.Node(ofNewer, path[next]);
            node >>= 1;
            last >>= 1;
        }
        return last == 0 && ofOlder == olderRoot && ofNewer == newerRoot;
    }

    private static ulong LargestPowerBelow(ulong count) => 1UL << BitOperations.Log2(count - 1);
}
