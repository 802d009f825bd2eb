using System.Buffers.Binary;

namespace VideoScale.MediaNode.Rtp;

/// <summary>The ids one peer negotiated for the header extensions we read or write; 0 means not negotiated.</summary>
public sealed record ExtensionIds
{
    /// <summary>urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143).</summary>
    public byte Mid { get; init; }
    /// <summary>urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id (RFC 8852).</summary>
    public byte Rid { get; init; }
    /// <summary>urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id (RFC 8852).</summary>
    public byte RepairedRid { get; init; }
    /// <summary>draft-holmer-rmcat-transport-wide-cc-extensions-01.</summary>
    public byte TransportSequence { get; init; }
    /// <summary>urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464).</summary>
    public byte AudioLevel { get; init; }
}

/// <summary>Walks the elements of an extension block in either form of RFC 8285; stops at the first malformed one.</summary>
public ref struct ExtensionReader
{
    private readonly ReadOnlySpan<byte> _block;
    private readonly bool _twoByte;
    private readonly bool _known;
    private int _at;

    public ExtensionReader(ReadOnlySpan<byte> packet, scoped in RtpHeader header)
    {
        _block = header.ExtensionLength == 0 ? default : packet.Slice(header.ExtensionOffset, header.ExtensionLength);
        _twoByte = (header.ExtensionProfile & 0xFFF0) == 0x1000;
        _known = _twoByte || header.ExtensionProfile == 0xBEDE;
        _at = 0;
        Id = 0;
        Value = default;
    }

    public byte Id { get; private set; }
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        while (_known && _at < _block.Length)
        {
            var first = _block[_at];
            if (first == 0) { _at++; continue; } // padding between elements
            int id, length, head;
            if (_twoByte)
            {
                if (_at + 2 > _block.Length) return false;
                id = first; length = _block[_at + 1]; head = 2;
            }
            else
            {
                id = first >> 4; length = (first & 0x0F) + 1; head = 1;
                if (id == 15) return false; // RFC 8285 §4.2: processing stops
            }
            if (_at + head + length > _block.Length) return false;
            Id = (byte)id;
            Value = _block.Slice(_at + head, length);
            _at += head + length;
            if (id != 0) return true;
        }
        return false;
    }
}

/// <summary>What the engine takes from a packet's extensions in one pass.</summary>
public ref struct PacketExtensions
{
    public ReadOnlySpan<byte> Mid;
    public ReadOnlySpan<byte> Rid;
    public ReadOnlySpan<byte> RepairedRid;
    /// <summary>Transport-wide sequence number, or -1.</summary>
    public int TransportSequence;
    /// <summary>Audio level as sent: voice flag in the top bit, -dBov below; or -1.</summary>
    public int AudioLevel;

    public static PacketExtensions Read(ReadOnlySpan<byte> packet, scoped in RtpHeader header, ExtensionIds ids)
    {
        var found = new PacketExtensions { TransportSequence = -1, AudioLevel = -1 };
        if (header.ExtensionLength == 0) return found;
        var reader = new ExtensionReader(packet, header);
        while (reader.Next())
        {
            var id = reader.Id;
            if (id == ids.TransportSequence && reader.Value.Length >= 2)
                found.TransportSequence = BinaryPrimitives.ReadUInt16BigEndian(reader.Value);
            else if (id == ids.AudioLevel) found.AudioLevel = reader.Value[0];
            else if (id == ids.Rid) found.Rid = reader.Value;
            else if (id == ids.RepairedRid) found.RepairedRid = reader.Value;
            else if (id == ids.Mid) found.Mid = reader.Value;
        }
        return found;
    }
}

/// <summary>Writes a one-byte-form extension block behind a fixed header without contributing sources.</summary>
public ref struct ExtensionWriter
{
    private readonly Span<byte> _packet;
    private int _at;

    public ExtensionWriter(Span<byte> packet)
    {
        _packet = packet;
        _at = RtpHeader.FixedLength + 4;
    }

    public void Add(byte id, scoped ReadOnlySpan<byte> value)
    {
        if (id is 0 or > 14 || value.Length is 0 or > 16) return;
        _packet[_at] = (byte)((id << 4) | (value.Length - 1));
        value.CopyTo(_packet[(_at + 1)..]);
        _at += 1 + value.Length;
    }

    public void Add(byte id, ushort value)
    {
        if (id is 0 or > 14) return;
        _packet[_at] = (byte)((id << 4) | 1);
        BinaryPrimitives.WriteUInt16BigEndian(_packet[(_at + 1)..], value);
        _at += 3;
    }

    /// <summary>Pads to 32 bits and sets the extension bit; returns the octets before the payload.</summary>
    public int Finish()
    {
        const int start = RtpHeader.FixedLength + 4;
        if (_at == start) return RtpHeader.FixedLength;
        while (_at % 4 != 0) _packet[_at++] = 0;
        _packet[0] |= 0x10;
        BinaryPrimitives.WriteUInt16BigEndian(_packet[RtpHeader.FixedLength..], 0xBEDE);
        BinaryPrimitives.WriteUInt16BigEndian(_packet[(RtpHeader.FixedLength + 2)..], (ushort)((_at - start) / 4));
        return _at;
    }
}
