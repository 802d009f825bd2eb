using System.Buffers.Binary;
using System.Security.Cryptography;

namespace VideoScale.MediaNode.Ice;

/// <summary>Writes one STUN message into a buffer that the caller made large enough (200 octets serve every message of ours).</summary>
public ref struct StunWriter
{
    private readonly Span<byte> _datagram;
    private int _length;

    public StunWriter(Span<byte> datagram, ushort type, scoped ReadOnlySpan<byte> transactionId)
    {
        _datagram = datagram;
        _length = StunMessage.HeaderLength;
        BinaryPrimitives.WriteUInt16BigEndian(datagram, type);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], StunMessage.MagicCookie);
        transactionId.CopyTo(datagram[8..]);
    }

    public void Username(scoped ReadOnlySpan<byte> value) => value.CopyTo(Add(StunMessage.AttributeUsername, value.Length));
    public void UseCandidate() => Add(StunMessage.AttributeUseCandidate, 0);
    public void Priority(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Add(StunMessage.AttributePriority, 4), value);
    public void Controlling(ulong tieBreaker) =>
        BinaryPrimitives.WriteUInt64BigEndian(Add(StunMessage.AttributeIceControlling, 8), tieBreaker);
    public void Controlled(ulong tieBreaker) =>
        BinaryPrimitives.WriteUInt64BigEndian(Add(StunMessage.AttributeIceControlled, 8), tieBreaker);

    public void Error(int code, scoped ReadOnlySpan<byte> reason)
    {
        var value = Add(StunMessage.AttributeErrorCode, 4 + reason.Length);
        value[..4].Clear();
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        reason.CopyTo(value[4..]);
    }

    public void XorMappedAddress(in TransportAddress address)
    {
        var size = address.IsV6 ? 16 : 4;
        var value = Add(StunMessage.AttributeXorMappedAddress, 4 + size);
        value[0] = 0;
        value[1] = (byte)(address.IsV6 ? 2 : 1);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (StunMessage.MagicCookie >> 16)));
        address.CopyAddress(value[4..]);
        // Cookie, then transaction id: they stand together in the header (RFC 8489 §14.2).
        for (var i = 0; i < size; i++) value[4 + i] ^= _datagram[4 + i];
    }

    /// <summary>Adds integrity under <paramref name="password"/> and the fingerprint; returns the message's length.</summary>
    public int Finish(scoped ReadOnlySpan<byte> password)
    {
        SetLength(_length + 4 + StunMessage.IntegrityLength);
        Span<byte> integrity = stackalloc byte[StunMessage.IntegrityLength];
        HMACSHA1.HashData(password, _datagram[.._length], integrity);
        integrity.CopyTo(Add(StunMessage.AttributeMessageIntegrity, StunMessage.IntegrityLength));
        SetLength(_length + 8);
        var crc = Crc32.Of(_datagram[.._length]) ^ StunMessage.FingerprintMask;
        BinaryPrimitives.WriteUInt32BigEndian(Add(StunMessage.AttributeFingerprint, 4), crc);
        return _length;
    }

    private Span<byte> Add(ushort type, int size)
    {
        var padded = (size + 3) & ~3;
        var attribute = _datagram.Slice(_length, 4 + padded);
        BinaryPrimitives.WriteUInt16BigEndian(attribute, type);
        BinaryPrimitives.WriteUInt16BigEndian(attribute[2..], (ushort)size);
        attribute[(4 + size)..].Clear();
        _length += attribute.Length;
        SetLength(_length);
        return attribute.Slice(4, size);
    }

    private readonly void SetLength(int total) =>
        BinaryPrimitives.WriteUInt16BigEndian(_datagram[2..], (ushort)(total - StunMessage.HeaderLength));
}
