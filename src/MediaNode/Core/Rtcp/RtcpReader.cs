using System.Buffers.Binary;

namespace VideoScale.MediaNode.Rtcp;

/// <summary>
/// Packet types and feedback formats (RFC 3550 §12.1, RFC 4585 §6, RFC 5104 §4, draft-holmer-rmcat-transport-wide-cc-extensions-01).
/// </summary>
public static class RtcpTypes
{
    public const byte SenderReport = 200;
    public const byte ReceiverReport = 201;
    public const byte SourceDescription = 202;
    public const byte Goodbye = 203;
    public const byte TransportFeedback = 205;
    public const byte PayloadFeedback = 206;

    public const byte FormatNack = 1;
    public const byte FormatTransportWide = 15;
    public const byte FormatPli = 1;
    public const byte FormatFir = 4;
    public const byte FormatRemb = 15;
}

/// <summary>Walks the packets of a compound RTCP datagram; ends at the first that does not fit.</summary>
public ref struct RtcpReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public byte Type { get; private set; }
    /// <summary>Report count, source count or feedback format: the low five bits.</summary>
    public byte Count { get; private set; }
    /// <summary>The packet behind its four-octet header, padding taken off.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    public bool Next()
    {
        if (_rest.Length < 4 || _rest[0] >> 6 != 2) return false;
        var length = 4 * (1 + BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]));
        if (length > _rest.Length) return false;
        var padding = (_rest[0] & 0x20) != 0 ? _rest[length - 1] : 0;
        if (padding > length - 4) return false;
        Count = (byte)(_rest[0] & 0x1F);
        Type = _rest[1];
        Body = _rest[4..(length - padding)];
        _rest = _rest[length..];
        return true;
    }
}

/// <summary>What a sender says of its stream (RFC 3550 §6.4.1).</summary>
public struct SenderInfo
{
    public const int Length = 20;
    /// <summary>32.32 fixed point seconds since 1900.</summary>
    public ulong NtpTime;
    public uint RtpTime;
    public uint PacketCount;
    public uint OctetCount;

    public static bool TryParse(ReadOnlySpan<byte> body, out uint ssrc, out SenderInfo info)
    {
        info = default;
        ssrc = 0;
        if (body.Length < 4 + Length) return false;
        ssrc = BinaryPrimitives.ReadUInt32BigEndian(body);
        info.NtpTime = BinaryPrimitives.ReadUInt64BigEndian(body[4..]);
        info.RtpTime = BinaryPrimitives.ReadUInt32BigEndian(body[12..]);
        info.PacketCount = BinaryPrimitives.ReadUInt32BigEndian(body[16..]);
        info.OctetCount = BinaryPrimitives.ReadUInt32BigEndian(body[20..]);
        return true;
    }
}

/// <summary>One receiver's view of one stream (RFC 3550 §6.4.1).</summary>
public struct ReportBlock
{
    public const int Length = 24;
    public uint Ssrc;
    /// <summary>Loss since the previous report, in 1/256.</summary>
    public byte FractionLost;
    /// <summary>Signed 24 bits on the wire: duplicates may make it negative.</summary>
    public int CumulativeLost;
    public uint HighestSequence;
    /// <summary>In units of the stream's clock.</summary>
    public uint Jitter;
    /// <summary>Middle 32 bits of the last sender report's NTP time; 0 when none was seen.</summary>
    public uint LastSenderReport;
    /// <summary>Since that report, in 1/65536 s.</summary>
    public uint DelaySinceLastSenderReport;

    public static ReportBlock Read(ReadOnlySpan<byte> block) => new()
    {
        Ssrc = BinaryPrimitives.ReadUInt32BigEndian(block),
        FractionLost = block[4],
        CumulativeLost = (BinaryPrimitives.ReadInt32BigEndian(block[4..]) << 8) >> 8,
        HighestSequence = BinaryPrimitives.ReadUInt32BigEndian(block[8..]),
        Jitter = BinaryPrimitives.ReadUInt32BigEndian(block[12..]),
        LastSenderReport = BinaryPrimitives.ReadUInt32BigEndian(block[16..]),
        DelaySinceLastSenderReport = BinaryPrimitives.ReadUInt32BigEndian(block[20..]),
    };

    public readonly void Write(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt32BigEndian(block, Ssrc);
        BinaryPrimitives.WriteInt32BigEndian(block[4..], Math.Clamp(CumulativeLost, -0x800000, 0x7FFFFF) & 0xFFFFFF);
        block[4] = FractionLost;
        BinaryPrimitives.WriteUInt32BigEndian(block[8..], HighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(block[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(block[20..], DelaySinceLastSenderReport);
    }
}

/// <summary>The report blocks of a sender or receiver report body.</summary>
public ref struct ReportBlockReader(byte type, byte count, ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = Start(type, body);
    private int _left = count;

    public ReportBlock Current { get; private set; }

    public bool Next()
    {
        if (_left == 0 || _rest.Length < ReportBlock.Length) return false;
        Current = ReportBlock.Read(_rest);
        _rest = _rest[ReportBlock.Length..];
        _left--;
        return true;
    }

    private static ReadOnlySpan<byte> Start(byte type, ReadOnlySpan<byte> body)
    {
        var skip = type == RtcpTypes.SenderReport ? 4 + SenderInfo.Length : 4;
        return body.Length < skip ? default : body[skip..];
    }
}

/// <summary>The sequence numbers of a generic NACK (RFC 4585 §6.2.1), one by one.</summary>
public ref struct NackReader
{
    private ReadOnlySpan<byte> _rest;
    private uint _mask;
    private ushort _base;

    public NackReader(ReadOnlySpan<byte> body)
    {
        MediaSsrc = body.Length >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(body[4..]) : 0;
        _rest = body.Length >= 8 ? body[8..] : default;
        _mask = 0;
        _base = 0;
        Current = 0;
    }

    public uint MediaSsrc { get; }
    public ushort Current { get; private set; }

    public bool Next()
    {
        if (_mask != 0)
        {
            var bit = System.Numerics.BitOperations.TrailingZeroCount(_mask);
            _mask &= _mask - 1;
            Current = unchecked((ushort)(_base + 1 + bit));
            return true;
        }
        if (_rest.Length < 4) return false;
        _base = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        _mask = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        _rest = _rest[4..];
        Current = _base;
        return true;
    }
}

/// <summary>Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).</summary>
public static class Remb
{
    public static bool TryParse(ReadOnlySpan<byte> body, out long bitsPerSecond)
    {
        bitsPerSecond = 0;
        if (body.Length < 16 || !body.Slice(8, 4).SequenceEqual("REMB"u8)) return false;
        var exponent = body[13] >> 2;
        long mantissa = ((body[13] & 3) << 16) | (body[14] << 8) | body[15];
        bitsPerSecond = exponent > 40 ? long.MaxValue >> 8 : mantissa << exponent;
        return true;
    }
}
