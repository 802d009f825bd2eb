using System.Buffers.Binary;

namespace VideoScale.MediaNode.Rtp;

/// <summary>What one RTP packet says before its payload (RFC 3550 §5.1), with offsets into the datagram it was read from.</summary>
public struct RtpHeader
{
    /// <summary>Octets of the fixed header, without contributing sources and extensions.</summary>
    public const int FixedLength = 12;
    /// <summary>In the first octet: the last octet counts octets of padding.</summary>
    internal const byte PaddingFlag = 0x20;

    public bool Marker;
    public byte PayloadType;
    public ushort Sequence;
    public uint Timestamp;
    public uint Ssrc;
    /// <summary>Octets before the payload: fixed header, contributing sources, extension block.</summary>
    public int HeaderLength;
    /// <summary>0xBEDE (one-byte) or 0x100x (two-byte), RFC 8285; 0 when there is no extension block.</summary>
    public ushort ExtensionProfile;
    public int ExtensionOffset;
    public int ExtensionLength;
    /// <summary>Octets of payload, padding taken off.</summary>
    public int PayloadLength;
    public int PaddingLength;

    /// <summary>Reads a header; false for anything that is not a whole RTP version 2 packet.</summary>
    public static bool TryParse(ReadOnlySpan<byte> packet, out RtpHeader header)
    {
        header = default;
        if (packet.Length < FixedLength || packet[0] >> 6 != 2) return false;
        var length = FixedLength + 4 * (packet[0] & 0x0F);
        if (length > packet.Length) return false;
        header.Marker = (packet[1] & 0x80) != 0;
        header.PayloadType = (byte)(packet[1] & 0x7F);
        header.Sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        header.Timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        header.Ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        if ((packet[0] & 0x10) != 0)
        {
            if (length + 4 > packet.Length) return false;
            header.ExtensionProfile = BinaryPrimitives.ReadUInt16BigEndian(packet[length..]);
            header.ExtensionLength = 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]);
            header.ExtensionOffset = length + 4;
            length += 4 + header.ExtensionLength;
            if (length > packet.Length) return false;
        }
        if ((packet[0] & PaddingFlag) != 0)
        {
            header.PaddingLength = packet[^1];
            if (header.PaddingLength == 0 || header.PaddingLength > packet.Length - length) return false;
        }
        header.HeaderLength = length;
        header.PayloadLength = packet.Length - length - header.PaddingLength;
        return true;
    }

    /// <summary>
    /// Octets before the payload of a packet about to be sealed or opened, or -1; the padding is not looked at because it may still be
    /// encrypted.
    /// </summary>
    public static int LengthOf(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < FixedLength || packet[0] >> 6 != 2) return -1;
        var length = FixedLength + 4 * (packet[0] & 0x0F);
        if ((packet[0] & 0x10) != 0)
        {
            if (length + 4 > packet.Length) return -1;
            length += 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]);
        }
        return length > packet.Length ? -1 : length;
    }

    /// <summary>Writes the fixed header; the extension bit is set by <see cref="ExtensionWriter"/>.</summary>
    public static void WriteFixed(Span<byte> packet, bool marker, byte payloadType, ushort sequence, uint timestamp, uint ssrc)
    {
        packet[0] = 0x80;
        packet[1] = (byte)((marker ? 0x80 : 0) | (payloadType & 0x7F));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], ssrc);
    }
}
