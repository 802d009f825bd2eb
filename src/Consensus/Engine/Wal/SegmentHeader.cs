using System.Buffers.Binary;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>
/// The first page of a segment: how it continues the one before, and the log's state at that point, so that the log can be read
/// from here when older segments are gone. Synced before the segment gets its name.
/// </summary>
internal sealed record SegmentHeader
{
    internal const int Bytes = 4096;
    internal const uint FormatVersion = 1;
    private const ulong Magic = 0x31474F4C_4C415753; // "SWALLOG1"

    internal required ulong Sequence { get; init; }
    internal required ulong Epoch { get; init; }
    internal required MemberId Member { get; init; }
    /// <summary>Where the segment before ends; 0 for the first.</summary>
    internal required ulong PreviousEnd { get; init; }
    /// <summary>The chain after the last record of the segment before.</summary>
    internal required uint PreviousChain { get; init; }
    internal required HardState HardState { get; init; }
    internal required ulong BaseIndex { get; init; }
    internal required ulong BaseTerm { get; init; }
    internal required ulong LastIndex { get; init; }

    /// <summary>How long the file was made; 0 in those that earlier versions made.</summary>
    internal long FileBytes { get; init; }

    internal void WriteTo(Span<byte> page)
    {
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(page[8..], FormatVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(page[16..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(page[24..], Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(page[32..], Member.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(page[40..], PreviousEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(page[48..], PreviousChain);
        BinaryPrimitives.WriteUInt64LittleEndian(page[56..], HardState.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(page[64..], HardState.Vote.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(page[72..], HardState.Commit);
        BinaryPrimitives.WriteUInt64LittleEndian(page[80..], BaseIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(page[88..], BaseTerm);
        BinaryPrimitives.WriteUInt64LittleEndian(page[96..], LastIndex);
        BinaryPrimitives.WriteInt64LittleEndian(page[104..], FileBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(page[(Bytes - 4)..], Crc32C.Compute(page[..(Bytes - 4)]));
    }

    /// <returns>Null when the page is not a header or is damaged.</returns>
    /// <exception cref="DataDirectoryException">A sound header of another format.</exception>
    internal static SegmentHeader? Read(ReadOnlySpan<byte> page, string path)
    {
        if (page.Length < Bytes || BinaryPrimitives.ReadUInt64LittleEndian(page) != Magic) return null;
        if (Crc32C.Compute(page[..(Bytes - 4)]) != BinaryPrimitives.ReadUInt32LittleEndian(page[(Bytes - 4)..])) return null;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(page[8..]);
        if (version != FormatVersion)
            throw new DataDirectoryException(
                $"{path} has log format {version}, this program knows {FormatVersion}: run the version of VideoScale that wrote it");
        return new SegmentHeader
        {
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(page[16..]),
            Epoch = BinaryPrimitives.ReadUInt64LittleEndian(page[24..]),
            Member = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(page[32..])),
            PreviousEnd = BinaryPrimitives.ReadUInt64LittleEndian(page[40..]),
            PreviousChain = BinaryPrimitives.ReadUInt32LittleEndian(page[48..]),
            HardState = new HardState(BinaryPrimitives.ReadUInt64LittleEndian(page[56..]),
                new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(page[64..])), BinaryPrimitives.ReadUInt64LittleEndian(page[72..])),
            BaseIndex = BinaryPrimitives.ReadUInt64LittleEndian(page[80..]),
            BaseTerm = BinaryPrimitives.ReadUInt64LittleEndian(page[88..]),
            LastIndex = BinaryPrimitives.ReadUInt64LittleEndian(page[96..]),
            FileBytes = BinaryPrimitives.ReadInt64LittleEndian(page[104..]),
        };
    }
}
