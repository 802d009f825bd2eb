using System.Buffers.Binary;
using System.Security.Cryptography;

namespace VideoScale.MediaNode.Ice;

/// <summary>A STUN message (RFC 8489) with the attributes ICE uses (RFC 8445 §7.1), as spans into its datagram.</summary>
public ref struct StunMessage
{
    public const int HeaderLength = 20;
    public const uint MagicCookie = 0x2112A442;
    public const ushort BindingRequest = 0x0001;
    public const ushort BindingSuccess = 0x0101;
    public const ushort BindingError = 0x0111;

    internal const ushort AttributeUsername = 0x0006;
    internal const ushort AttributeMessageIntegrity = 0x0008;
    internal const ushort AttributeErrorCode = 0x0009;
    internal const ushort AttributeXorMappedAddress = 0x0020;
    internal const ushort AttributePriority = 0x0024;
    internal const ushort AttributeUseCandidate = 0x0025;
    internal const ushort AttributeFingerprint = 0x8028;
    internal const ushort AttributeIceControlled = 0x8029;
    internal const ushort AttributeIceControlling = 0x802A;
    internal const int IntegrityLength = 20;
    internal const uint FingerprintMask = 0x5354554E; // "STUN", RFC 8489 §14.7

    private ReadOnlySpan<byte> _datagram;
    private int _integrityAt;

    public ushort Type { get; private set; }
    public ReadOnlySpan<byte> TransactionId { get; private set; }
    public ReadOnlySpan<byte> Username { get; private set; }
    public bool UseCandidate { get; private set; }
    public bool Controlled { get; private set; }
    public uint Priority { get; private set; }
    public readonly bool HasIntegrity => _integrityAt != 0;

    /// <summary>Reads a message. False for what is not STUN, is cut short, or carries a wrong fingerprint.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (datagram.Length < HeaderLength || datagram[0] > 3) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (length % 4 != 0 || HeaderLength + length != datagram.Length) return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != MagicCookie) return false;
        message._datagram = datagram;
        message.Type = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        message.TransactionId = datagram.Slice(8, 12);
        for (var at = HeaderLength; at < datagram.Length;)
        {
            if (at + 4 > datagram.Length) return false;
            var type = BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]);
            int size = BinaryPrimitives.ReadUInt16BigEndian(datagram[(at + 2)..]);
            if (at + 4 + size > datagram.Length) return false;
            if (!message.Take(type, datagram.Slice(at + 4, size), at)) return false;
            at += 4 + ((size + 3) & ~3);
        }
        return true;
    }

    private bool Take(ushort type, ReadOnlySpan<byte> value, int at)
    {
        if (type == AttributeFingerprint)
            return value.Length == 4 && at + 8 == _datagram.Length
                && BinaryPrimitives.ReadUInt32BigEndian(value) == (Crc32.Of(_datagram[..at]) ^ FingerprintMask);
        if (HasIntegrity) return true; // RFC 8489 §14.5: what follows the integrity is ignored
        switch (type)
        {
            case AttributeUsername: Username = value; return value.Length <= 513;
            case AttributeUseCandidate: UseCandidate = true; return true;
            case AttributeIceControlling: return value.Length == 8;
            case AttributeIceControlled: Controlled = true; return value.Length == 8;
            case AttributePriority:
                if (value.Length != 4) return false;
                Priority = BinaryPrimitives.ReadUInt32BigEndian(value);
                return true;
            case AttributeMessageIntegrity: _integrityAt = at; return value.Length == IntegrityLength;
            default: return true;
        }
    }

    /// <summary>Whether the message was made with this short-term password; false when it carries no integrity.</summary>
    public readonly bool Verify(ReadOnlySpan<byte> password)
    {
        if (!HasIntegrity) return false;
        // The length field is read as if the message ended with the integrity (RFC 8489 §14.5).
        Span<byte> covered = stackalloc byte[_integrityAt <= 1024 ? _integrityAt : 0];
        if (covered.IsEmpty) return false;
        _datagram[.._integrityAt].CopyTo(covered);
        BinaryPrimitives.WriteUInt16BigEndian(covered[2..], (ushort)(_integrityAt - HeaderLength + 4 + IntegrityLength));
        Span<byte> expected = stackalloc byte[IntegrityLength];
        HMACSHA1.HashData(password, covered, expected);
        return CryptographicOperations.FixedTimeEquals(expected, _datagram.Slice(_integrityAt + 4, IntegrityLength));
    }
}

/// <summary>The CRC of ITU-T V.42, used by STUN's fingerprint (RFC 8489 §14.7).</summary>
internal static class Crc32
{
    private static readonly uint[] Table = Build();

    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        foreach (var octet in data) crc = Table[(crc ^ octet) & 0xFF] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] Build()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }
        return table;
    }
}
