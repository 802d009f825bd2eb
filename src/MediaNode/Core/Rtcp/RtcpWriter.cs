using System.Buffers.Binary;

namespace VideoScale.MediaNode.Rtcp;

/// <summary>Appends RTCP packets to one datagram; what does not fit is not written and the call says so.</summary>
public ref struct RtcpWriter(Span<byte> datagram)
{
    private readonly Span<byte> _datagram = datagram;

    public int Length { get; private set; }

    public bool SenderReport(uint ssrc, in SenderInfo info)
    {
        if (!Begin(RtcpTypes.SenderReport, 0, 4 + SenderInfo.Length, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], info.NtpTime);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], info.RtpTime);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], info.PacketCount);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], info.OctetCount);
        return true;
    }

    /// <summary>At most 31 blocks go into one report (five bits of count).</summary>
    public bool ReceiverReport(uint ssrc, scoped ReadOnlySpan<ReportBlock> blocks)
    {
        if (blocks.Length > 31
            || !Begin(RtcpTypes.ReceiverReport, (byte)blocks.Length, 4 + blocks.Length * ReportBlock.Length, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        for (var i = 0; i < blocks.Length; i++) blocks[i].Write(body[(4 + i * ReportBlock.Length)..]);
        return true;
    }

    /// <summary>SDES with the one item that RFC 3550 §6.5.1 requires.</summary>
    public bool CanonicalName(uint ssrc, scoped ReadOnlySpan<byte> name)
    {
        var length = (4 + 2 + name.Length + 1 + 3) & ~3; // at least one zero ends the list of items
        if (name.Length > 255 || !Begin(RtcpTypes.SourceDescription, 1, length, out var body)) return false;
        body[..length].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = 1;
        body[5] = (byte)name.Length;
        name.CopyTo(body[6..]);
        return true;
    }

    public bool Pli(uint senderSsrc, uint mediaSsrc)
    {
        if (!Begin(RtcpTypes.PayloadFeedback, RtcpTypes.FormatPli, 8, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        return true;
    }

    /// <summary>Asks for <paramref name="sequences"/>, in ascending order; packs each run of 17 into one entry (RFC 4585 §6.2.1).</summary>
    public bool Nack(uint senderSsrc, uint mediaSsrc, scoped ReadOnlySpan<ushort> sequences)
    {
        if (sequences.Length == 0) return true;
        var entries = 0;
        for (var i = 0; i < sequences.Length; entries++) i = EndOfRun(sequences, i);
        if (!Begin(RtcpTypes.TransportFeedback, RtcpTypes.FormatNack, 8 + 4 * entries, out var body)) return false;
        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        var at = 8;
        for (var i = 0; i < sequences.Length; at += 4)
        {
            var end = EndOfRun(sequences, i);
            var mask = 0;
            for (var j = i + 1; j < end; j++) mask |= 1 << (Ahead(sequences[j], sequences[i]) - 1);
            BinaryPrimitives.WriteUInt16BigEndian(body[at..], sequences[i]);
            BinaryPrimitives.WriteUInt16BigEndian(body[(at + 2)..], (ushort)mask);
            i = end;
        }
        return true;
    }

    private static int EndOfRun(ReadOnlySpan<ushort> sequences, int start)
    {
        var end = start + 1;
        while (end < sequences.Length && Ahead(sequences[end], sequences[start]) is >= 1 and <= 16) end++;
        return end;
    }

    private static int Ahead(ushort value, ushort reference) => unchecked((ushort)(value - reference));

    /// <summary>Reserves a packet of <paramref name="bodyLength"/> octets (a multiple of four) and writes its header.</summary>
    internal bool Begin(byte type, byte count, int bodyLength, out Span<byte> body)
    {
        body = default;
        if (Length + 4 + bodyLength > _datagram.Length) return false;
        var packet = _datagram.Slice(Length, 4 + bodyLength);
        packet[0] = (byte)(0x80 | count);
        packet[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(bodyLength / 4));
        body = packet[4..];
        Length += packet.Length;
        return true;
    }
}
