using System.Buffers.Binary;
using VideoScale.ControlPlane.Hashing;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// The hashes of the event log. Leaves and inner nodes carry different first bytes (RFC 6962), so that neither can pass for the other.
/// </summary>
public static class EventHashes
{
    /// <summary>In front of every leaf. Records are stored with it, so that a leaf hash is one pass over stored bytes.</summary>
    public const byte LeafPrefix = 0;
    public const byte NodePrefix = 1;

    /// <summary>SHA-256 of a record that begins with <see cref="LeafPrefix"/>.</summary>
    public static Hash256 Leaf(ReadOnlySpan<byte> prefixedRecord) => Sha256(prefixedRecord);

    public static Hash256 Node(in Hash256 left, in Hash256 right)
    {
        Span<byte> bytes = stackalloc byte[1 + 2 * Hash256.SizeBytes];
        bytes[0] = NodePrefix;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Hash256.SizeBytes)..]);
        return Sha256(bytes);
    }

    /// <summary>h_n = H(h_{n-1} ‖ leaf).</summary>
    public static Hash256 Chain(in Hash256 previous, in Hash256 leaf)
    {
        Span<byte> bytes = stackalloc byte[2 * Hash256.SizeBytes];
        previous.CopyTo(bytes);
        leaf.CopyTo(bytes[Hash256.SizeBytes..]);
        return Sha256(bytes);
    }

    public static EventId EventId(UInt128 clusterId, ulong raftIndex, uint ordinal)
    {
        Span<byte> bytes = stackalloc byte[28];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, clusterId);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], raftIndex);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[24..], ordinal);
        Span<byte> hash = stackalloc byte[Hash256.SizeBytes];
        Hashing.Sha256.Hash(bytes, hash);
        return Audit.EventId.FromBytes(hash);
    }

    internal static Hash256 Sha256(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Hash256.SizeBytes];
        Hashing.Sha256.Hash(bytes, hash);
        return new(hash);
    }
}
