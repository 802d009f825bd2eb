using System.Buffers.Binary;
using VideoScale.Platform;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>Values are on the wire: only append.</summary>
internal enum FrameType : byte
{
    Hello = 1,
    Welcome = 2,
    PreVote = 3,
    Vote = 4,
    Append = 5,
    ReadIndex = 6,
    SnapshotOffer = 7,
    SnapshotResume = 8,
    SnapshotChunk = 9,
    SnapshotEnd = 10,
    Reply = 11,
    Ping = 12,
}

/// <summary>What arrived is not this protocol, or the other side refuses us: the connection ends.</summary>
internal sealed class ProtocolException : IOException
{
    public ProtocolException() { }
    public ProtocolException(string message) : base(message) { }
    public ProtocolException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Little-endian: u32 body length, u32 CRC-32C of all that follows seeded with the length, u8 type, seven zeros, body.</summary>
internal static class Frame
{
    internal const int HeaderBytes = 16;

    /// <summary>Completes the header of a frame whose body stands in place.</summary>
    internal static void Seal(Span<byte> frame, FrameType type)
    {
        var bodyBytes = (uint)(frame.Length - HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, bodyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], (byte)type);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc32C.Compute(frame[8..], bodyBytes));
    }

    internal static byte[] Make(FrameType type, ReadOnlySpan<byte> body)
    {
        var frame = new byte[HeaderBytes + body.Length];
        body.CopyTo(frame.AsSpan(HeaderBytes));
        Seal(frame, type);
        return frame;
    }

    /// <summary>The length of the body that a header announces.</summary>
    internal static int BodyBytes(ReadOnlySpan<byte> header, int maxBytes)
    {
        var body = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (body > (uint)maxBytes) throw new ProtocolException($"a frame of {body} bytes, at most {maxBytes} are accepted");
        if (BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) > byte.MaxValue)
            throw new ProtocolException("a frame header with unknown bits");
        return (int)body;
    }

    internal static FrameType Verify(ReadOnlySpan<byte> frame)
    {
        if (Crc32C.Compute(frame[8..], (uint)(frame.Length - HeaderBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]))
            throw new ProtocolException("a frame fails its checksum");
        return (FrameType)frame[8];
    }
}
