using System.Buffers.Binary;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>The payload of a footer: where its write began, and what recovery needs to tell a torn write from rot.</summary>
/// <param name="Start">File offset at which the write began.</param>
/// <param name="Commit">The commit index known then: saves applying late after a restart.</param>
/// <param name="ZeroPieces">
/// How many 512-byte pieces of the write are all zeros by right. Segments are zero-filled before use, so a sector that never
/// reached the disk is a piece of zeros: more of them than this means that the write was torn, although its footer arrived.
/// </param>
/// <param name="Records">Records in the write, without the footer.</param>
internal readonly record struct BatchFooter(ulong Start, ulong Commit, uint ZeroPieces, uint Records)
{
    /// <summary>The least that disks write as a whole.</summary>
    internal const int PieceBytes = 512;

    /// <summary>Writes and seals the footer at the end of a write.</summary>
    /// <param name="write">Sealed records, then room for the footer.</param>
    /// <param name="start">Where the write goes in the file.</param>
    /// <returns>The chain behind it.</returns>
    internal static uint Seal(Span<byte> write, long start, uint records, LogTail tail, ulong epoch, uint chain)
    {
        var record = write[^RecordFormat.FooterBytes..];
        var footer = new BatchFooter((ulong)start, tail.HardState.Commit, 0, records);
        Span<byte> payload = stackalloc byte[RecordFormat.FooterPayloadBytes];
        footer.WriteTo(payload);
        RecordFormat.Stage(record, new RecordHeader { Kind = RecordKind.Footer, Term = tail.HardState.Term, Index = tail.LastIndex },
            payload);
        // Counted with the footer in place: it holds no zero piece, and a piece that it shares is not zero either.
        (footer with { ZeroPieces = CountZeroPieces(write, start) }).WriteTo(record[RecordFormat.HeaderBytes..]);
        return RecordFormat.Seal(record, epoch, chain);
    }

    internal void WriteTo(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, Start);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[8..], Commit);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[16..], ZeroPieces);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[20..], Records);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[24..], RecordFormat.FooterMagic);
    }

    internal static BatchFooter Read(ReadOnlySpan<byte> payload) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(payload), BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(payload[16..]), BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]));

    /// <param name="fileOffset">Where the bytes lie in the file: pieces are those of the file.</param>
    internal static uint CountZeroPieces(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        var count = 0u;
        var first = PieceBytes - (int)(fileOffset % PieceBytes);
        for (int at = 0, piece = Math.Min(first, bytes.Length); at < bytes.Length;
            at += piece, piece = Math.Min(PieceBytes, bytes.Length - at))
        {
            if (bytes.Slice(at, piece).IndexOfAnyExcept((byte)0) < 0) count++;
        }
        return count;
    }
}
