using System.Buffers.Binary;
using Google.Protobuf;
using VideoScale.Platform;

namespace VideoScale.Consensus.Etcd.Layout;

/// <summary>
/// What stands under an entry's key, little-endian: two letters, version, kind, CRC-32C of all that follows, index, term, session,
/// sequence, then the payload.
/// </summary>
internal static class EntryValue
{
    internal const int HeaderBytes = 40;
    private const byte Version = 1;

    internal static ByteString Encode(in Entry entry)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(HeaderBytes + entry.Payload.Length);
        (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)'V', (byte)'S', Version, (byte)entry.Kind);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), entry.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), entry.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), entry.Id.Session);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(32), entry.Id.Sequence);
        entry.Payload.Span.CopyTo(bytes.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Compute(bytes.AsSpan(8)));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <param name="index">By its key.</param>
    /// <exception cref="FormatException">Nobody of ours wrote this.</exception>
    internal static Entry Decode(ulong index, ByteString value)
    {
        var bytes = value.Span;
        if (bytes.Length < HeaderBytes || bytes[0] != 'V' || bytes[1] != 'S') throw new FormatException("it does not begin like an entry");
        if (bytes[2] != Version) throw new FormatException($"it has format {bytes[2]}, this program knows {Version}");
        if (Crc32C.Compute(bytes[8..]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]))
            throw new FormatException("it fails its checksum");
        var within = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        if (within != index) throw new FormatException($"it is entry {within}");
        var kind = (EntryKind)bytes[3];
        if (kind is not (EntryKind.Command or EntryKind.Noop)) throw new FormatException($"it is of kind {bytes[3]}");
        var id = new ProposalId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
        return new Entry(index, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), kind, id, value.Memory[HeaderBytes..]);
    }
}
