using System.Buffers.Binary;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// How a record lies in a segment: length of the record (4 bytes), CRC-32C over length, record and chain (4), the record with its leaf
/// prefix, the chain value after it (32).
/// </summary>
internal static class RecordFrame
{
    public const int PrefixBytes = 8;
    public const int OverheadBytes = PrefixBytes + Hash256.SizeBytes;

    /// <summary>Smallest record: prefix, version, numbers, id and empty strings.</summary>
    public const int MinRecordBytes = 24;

    public static void Append(CanonicalWriter buffer, ReadOnlySpan<byte> record, in Hash256 chain)
    {
        var length = record.Length + OverheadBytes;
        var frame = buffer.GetSpan(length)[..length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, record.Length);
        record.CopyTo(frame[PrefixBytes..]);
        chain.CopyTo(frame[(PrefixBytes + record.Length)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(frame));
        buffer.Advance(length);
    }

    public static int RecordLength(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32LittleEndian(frame);

    public static bool IsPlausibleLength(int recordBytes) => recordBytes is >= MinRecordBytes and <= EventRecord.MaxBytes;

    public static bool ChecksumHolds(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) == Checksum(frame);

    /// <summary>event_seq of a record, without reading the rest.</summary>
    public static ulong SeqOf(ReadOnlySpan<byte> record) => new CanonicalReader(record[2..]).ReadUInt64();

    private static uint Checksum(ReadOnlySpan<byte> frame) => Crc32C.Compute(frame[PrefixBytes..], seed: Crc32C.Compute(frame[..4]));
}
