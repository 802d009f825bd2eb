using System.Buffers.Binary;
using System.Security.Cryptography;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>
/// A snapshot file, little-endian: a header, chunks of content, a trailer.
/// <code>
/// header   u64 magic  u32 version  u32 header bytes  16 bytes random id  u64 index  u64 term  u64 membership index  membership  u32
/// CRC-32C chunk    u32 length (1 to 256 KiB)  u32 CRC-32C of the content, seeded with the length  content
/// trailer  u32 zero  u32 CRC-32C of what follows  u64 content bytes  32 bytes SHA-256 of header and content
/// </code>
/// </summary>
internal static class SnapshotFormat
{
    internal const int ChunkBytes = 256 << 10;
    internal const int WriteOutBytes = 512 << 10; // handed to the disk at a time, while more is on its way
    internal const int ChunkHeaderBytes = 8;
    internal const int TrailerBytes = ChunkHeaderBytes + sizeof(ulong) + SHA256.HashSizeInBytes;
    internal const int FixedHeaderBytes = 56;
    internal const int MaxHeaderBytes = 256 << 10; // a membership of the most members with the longest addresses
    private const ulong Magic = 0x31504E53_534C4156; // "VALSSNP1"
    internal const uint Version = 1;

    internal static byte[] EncodeHeader(SnapshotMeta meta, UInt128 id)
    {
        var membership = MembershipCodec.Encode(meta.Membership);
        var header = new byte[FixedHeaderBytes + membership.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), header.Length);
        BinaryPrimitives.WriteUInt128LittleEndian(header.AsSpan(16), id);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), meta.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), meta.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), meta.MembershipIndex);
        membership.CopyTo(header, FixedHeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(header.Length - sizeof(uint)),
            Crc32C.Compute(header.AsSpan(0, header.Length - sizeof(uint))));
        return header;
    }

    /// <returns>The header's length, or 0 when these bytes do not begin a snapshot.</returns>
    internal static int HeaderLength(ReadOnlySpan<byte> start)
    {
        if (start.Length < FixedHeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(start) != Magic) return 0;
        var length = BinaryPrimitives.ReadInt32LittleEndian(start[12..]);
        return length is > FixedHeaderBytes + sizeof(uint) and <= MaxHeaderBytes ? length : 0;
    }

    /// <exception cref="InvalidDataException">Damaged, or of another version.</exception>
    internal static (SnapshotMeta Meta, UInt128 Id) DecodeHeader(ReadOnlySpan<byte> header)
    {
        if (HeaderLength(header) != header.Length || header.IsEmpty) throw new InvalidDataException("it does not begin like a snapshot");
        var body = header[..^sizeof(uint)];
        if (Crc32C.Compute(body) != BinaryPrimitives.ReadUInt32LittleEndian(header[^sizeof(uint)..]))
            throw new InvalidDataException("its header fails its checksum");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (version != Version) throw new InvalidDataException($"it has format {version}, this program knows {Version}");
        Membership membership;
        try { membership = MembershipCodec.Decode(body[FixedHeaderBytes..]); }
        catch (FormatException e) { throw new InvalidDataException(e.Message, e); }
        var meta = new SnapshotMeta(BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[40..]),
            membership, BinaryPrimitives.ReadUInt64LittleEndian(header[48..]));
        return (meta, BinaryPrimitives.ReadUInt128LittleEndian(header[16..]));
    }

    internal static uint ChunkCrc(ReadOnlySpan<byte> content) => Crc32C.Compute(content, (uint)content.Length);
}
