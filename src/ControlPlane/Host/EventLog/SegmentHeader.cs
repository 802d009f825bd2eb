using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// The beginning of a segment file: whose it is, and where chain and Merkle tree stood before its first event, so that each segment can be
/// checked by itself. Layout: magic, body length, CRC-32C of the body, body.
/// </summary>
internal sealed record SegmentHeader(UInt128 ClusterId, uint EventsPerSegment, ulong FirstSeq, Hash256 PreviousChain,
    MerkleFrontier Frontier)
{
    private const int FixedBytes = 16;
    private const int MaxBodyBytes = 4096;
    private static ReadOnlySpan<byte> Magic => "VSEVLOG1"u8;

    public static string FileName(ulong firstSeq) => $"events-{firstSeq:D20}.seg";

    /// <summary>True when a full segment begins here, not one that a snapshot made begin later.</summary>
    public bool IsAligned => (FirstSeq - 1) % EventsPerSegment == 0;

    public byte[] Encode()
    {
        using var body = new CanonicalWriter();
        Span<byte> chain = stackalloc byte[Hash256.SizeBytes];
        body.WriteUInt128(ClusterId);
        body.WriteUInt32(EventsPerSegment);
        body.WriteUInt64(FirstSeq);
        PreviousChain.CopyTo(chain);
        body.WriteRaw(chain);
        Frontier.WriteTo(body);
        var bytes = new byte[FixedBytes + body.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Crc32C.Compute(body.WrittenSpan));
        body.WrittenSpan.CopyTo(bytes.AsSpan(FixedBytes));
        return bytes;
    }

    /// <summary>Reads the header of a file; null with a problem when there is no whole one.</summary>
    public static SegmentHeader? TryRead(SafeFileHandle file, out int lengthBytes, out string problem)
    {
        lengthBytes = 0;
        Span<byte> bytes = stackalloc byte[FixedBytes + MaxBodyBytes];
        var read = RandomAccess.Read(file, bytes, 0);
        problem = "the header is cut short";
        if (read < FixedBytes) return null;
        problem = "the file does not begin as an event segment does";
        if (!bytes.StartsWith(Magic)) return null;
        var bodyLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        problem = "the header is damaged";
        if (bodyLength is <= 0 or > MaxBodyBytes || FixedBytes + bodyLength > read) return null;
        var body = bytes.Slice(FixedBytes, bodyLength);
        if (Crc32C.Compute(body) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..])) return null;
        try
        {
            var reader = new CanonicalReader(body);
            var header = new SegmentHeader(reader.ReadUInt128(), reader.ReadUInt32(), reader.ReadUInt64(),
                new Hash256(reader.ReadRaw(Hash256.SizeBytes)), MerkleFrontier.Read(ref reader));
            reader.End();
            if (header.FirstSeq == 0 || header.EventsPerSegment == 0 || header.Frontier.Size != header.FirstSeq - 1) return null;
            lengthBytes = FixedBytes + bodyLength;
            problem = "";
            return header;
        }
        catch (CanonicalException) { return null; }
    }
}
