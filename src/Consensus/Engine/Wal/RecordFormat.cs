using System.Buffers.Binary;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>
/// A record: header, payload, zeros up to a multiple of eight. Little-endian.
/// <code>
///  0 u32 payload length    4 u32 CRC-32C of everything after it, seeded with the length
///  8 u8  kind              9 u8  entry kind        10 u16 zero       12 u32 chain: the CRC of the record before
/// 16 u64 segment epoch    24 u64 term              32 u64 index      40 u64 session   48 u64 sequence
/// 56 payload
/// </code>
/// The epoch is random for each use of a segment file, so what a recycled file held before never reads as valid;
/// the chain makes a record valid only behind the one it was written behind.
/// </summary>
internal static class RecordFormat
{
    internal const int HeaderBytes = 56;
    internal const int FooterPayloadBytes = 32;
    internal const int FooterBytes = HeaderBytes + FooterPayloadBytes;
    internal const ulong FooterMagic = 0x21686374_61625356; // "VSbatch!", the last bytes of each write
    private const int CrcAt = 4;
    private const int CrcFrom = 8;

    internal static int TotalBytes(int payloadBytes) => HeaderBytes + ((payloadBytes + 7) & ~7);

    /// <summary>Writes header and payload; epoch, chain and checksum come with <see cref="Seal"/>.</summary>
    internal static void Stage(Span<byte> record, in RecordHeader header, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], (byte)header.Kind | ((ulong)header.EntryKind << 8));
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], header.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(record[32..], header.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(record[40..], header.Session);
        BinaryPrimitives.WriteUInt64LittleEndian(record[48..], header.Sequence);
        payload.CopyTo(record[HeaderBytes..]);
        record[(HeaderBytes + payload.Length)..].Clear();
    }

    /// <returns>The record's CRC, which is the next one's chain.</returns>
    internal static uint Seal(Span<byte> record, ulong epoch, uint chain)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], chain);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], epoch);
        var crc = Crc(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record[CrcAt..], crc);
        return crc;
    }

    /// <summary>
    /// The record at the start of the bytes, if one is there and whole: checks length, kind, epoch and checksum, not the chain.
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, ulong epoch, out RecordHeader header)
    {
        header = default;
        if (bytes.Length < HeaderBytes) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length > (uint)(bytes.Length - HeaderBytes)) return false;
        var total = TotalBytes((int)length);
        if (total > bytes.Length || BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) != epoch) return false;
        var kind = (RecordKind)bytes[8];
        if (kind is < RecordKind.Entry or > RecordKind.Footer) return false;
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]);
        if (Crc(bytes[..total]) != crc) return false;
        header = ReadStaged(bytes) with { Crc = crc, Chain = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) };
        return true;
    }

    /// <summary>The header of a record that is known to be one.</summary>
    internal static RecordHeader ReadStaged(ReadOnlySpan<byte> record) => new()
    {
        Kind = (RecordKind)record[8],
        EntryKind = (EntryKind)record[9],
        Term = BinaryPrimitives.ReadUInt64LittleEndian(record[24..]),
        Index = BinaryPrimitives.ReadUInt64LittleEndian(record[32..]),
        Session = BinaryPrimitives.ReadUInt64LittleEndian(record[40..]),
        Sequence = BinaryPrimitives.ReadUInt64LittleEndian(record[48..]),
        PayloadBytes = BinaryPrimitives.ReadInt32LittleEndian(record),
    };

    private static uint Crc(ReadOnlySpan<byte> record) =>
        Crc32C.Compute(record[CrcFrom..], BinaryPrimitives.ReadUInt32LittleEndian(record));
}

internal readonly record struct RecordHeader
{
    internal RecordKind Kind { get; init; }
    internal EntryKind EntryKind { get; init; }
    internal ulong Term { get; init; }
    internal ulong Index { get; init; }
    internal ulong Session { get; init; }
    internal ulong Sequence { get; init; }
    internal int PayloadBytes { get; init; }
    internal uint Chain { get; init; }
    internal uint Crc { get; init; }
    internal int TotalBytes => RecordFormat.TotalBytes(PayloadBytes);
}
