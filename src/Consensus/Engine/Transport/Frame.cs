using System.Buffers.Binary;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Values are on the wire: only append.</summary>
internal enum FrameType : byte
{
    Hello = 1,
    Welcome = 2,
    Message = 3,
    SnapshotOffer = 4,
    SnapshotResume = 5,
    SnapshotChunk = 6,
    SnapshotEnd = 7,
    SnapshotInstalled = 8,
    Greeting = 9,
    GreetingReply = 10,
}

/// <summary>
/// Little-endian: u32 body length, u32 CRC-32C of all that follows seeded with the length, u8 type, seven zeros, body.
/// </summary>
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

    /// <returns>The frame's whole length, or 0 when these bytes do not tell yet.</returns>
    /// <exception cref="ProtocolException">Longer than accepted, or header bits that must be zero are not.</exception>
    internal static int LengthOf(ReadOnlySpan<byte> bytes, int maxFrameBytes)
    {
        if (bytes.Length < HeaderBytes) return 0;
        var body = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (body > (uint)maxFrameBytes - HeaderBytes)
            throw new ProtocolException($"a frame of {body} bytes, at most {maxFrameBytes - HeaderBytes} are accepted");
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) > byte.MaxValue)
            throw new ProtocolException("a frame header with unknown bits");
        return HeaderBytes + (int)body;
    }

    /// <exception cref="ProtocolException">The checksum is wrong.</exception>
    internal static FrameType Verify(ReadOnlySpan<byte> frame)
    {
        var body = (uint)(frame.Length - HeaderBytes);
        if (Crc32C.Compute(frame[8..], body) != BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]))
            throw new ProtocolException("a frame fails its checksum");
        return (FrameType)frame[8];
    }
}
