using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4), for clients without GCM.</summary>
public sealed class CounterModeSrtpCipher(SrtpKeys keys) : ISrtpCipher
{
    private const int TagLength = 10;
    private const int IndexLength = 4;
    private const uint EncryptedFlag = 0x8000_0000;
    private const int RtcpHeaderLength = 8;

    private readonly CounterMode _rtp = new(keys.RtpKey);
    private readonly CounterMode _rtcp = new(keys.RtcpKey);

    public int RtpOverhead => TagLength;
    public int RtcpOverhead => TagLength + IndexLength;

    public int SealRtp(Span<byte> packet, int length, int headerLength, uint ssrc, uint rollover, ushort sequence)
    {
        _rtp.Xor(keys.RtpSalt, ssrc, ((ulong)rollover << 16) | sequence, packet[headerLength..length]);
        // The rollover counter is authenticated but not sent: it stands where the tag goes (§4.2).
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], rollover);
        Span<byte> mac = stackalloc byte[20];
        HMACSHA1.HashData(keys.RtpAuthentication, packet[..(length + 4)], mac);
        mac[..TagLength].CopyTo(packet[length..]);
        return length + TagLength;
    }

    public int OpenRtp(Span<byte> packet, int headerLength, uint ssrc, uint rollover, ushort sequence)
    {
        var length = packet.Length - TagLength;
        if (length < headerLength) return -1;
        Span<byte> mac = stackalloc byte[20];
        Span<byte> tag = stackalloc byte[TagLength];
        packet[length..].CopyTo(tag);
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], rollover);
        HMACSHA1.HashData(keys.RtpAuthentication, packet[..(length + 4)], mac);
        tag.CopyTo(packet[length..]); // a refused packet is left as it came
        if (!CryptographicOperations.FixedTimeEquals(mac[..TagLength], tag)) return -1;
        _rtp.Xor(keys.RtpSalt, ssrc, ((ulong)rollover << 16) | sequence, packet[headerLength..length]);
        return length;
    }

    public int SealRtcp(Span<byte> packet, int length, uint ssrc, uint index)
    {
        _rtcp.Xor(keys.RtcpSalt, ssrc, index, packet[RtcpHeaderLength..length]);
        BinaryPrimitives.WriteUInt32BigEndian(packet[length..], index | EncryptedFlag);
        Span<byte> mac = stackalloc byte[20];
        HMACSHA1.HashData(keys.RtcpAuthentication, packet[..(length + IndexLength)], mac);
        mac[..TagLength].CopyTo(packet[(length + IndexLength)..]);
        return length + IndexLength + TagLength;
    }

    public int OpenRtcp(Span<byte> packet, uint ssrc, out uint index)
    {
        index = 0;
        var length = packet.Length - TagLength - IndexLength;
        if (length < RtcpHeaderLength) return -1;
        Span<byte> mac = stackalloc byte[20];
        HMACSHA1.HashData(keys.RtcpAuthentication, packet[..(length + IndexLength)], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..TagLength], packet[(length + IndexLength)..])) return -1;
        var word = BinaryPrimitives.ReadUInt32BigEndian(packet[length..]);
        if ((word & EncryptedFlag) == 0) return -1; // we negotiate encryption always
        index = word & ~EncryptedFlag;
        _rtcp.Xor(keys.RtcpSalt, ssrc, index, packet[RtcpHeaderLength..length]);
        return length;
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }
}

/// <summary>
/// AES-128 counter mode as SRTP counts (RFC 3711 §4.1.1): salt, SSRC and packet index above, sixteen bits of block counter below.
/// </summary>
internal sealed class CounterMode(byte[] key) : IDisposable
{
    /// <summary>Blocks prepared at once where the processor has no AES instructions of ours: one full packet.</summary>
    private const int MaxBlocks = 96;

    private readonly AesBlocks? _blocks = AesBlocks.IsSupported ? new AesBlocks(key) : null;
    private readonly Aes? _aes = AesBlocks.IsSupported ? null : Create(key);

    public void Xor(ReadOnlySpan<byte> salt, uint ssrc, ulong index, Span<byte> data)
    {
        Span<byte> block = stackalloc byte[16];
        block.Clear();
        salt.CopyTo(block);
        Span<byte> words = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(words, ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(words[4..], index << 16);
        for (var i = 0; i < words.Length; i++) block[4 + i] ^= words[i];
        if (_blocks is not null)
            _blocks.Xor(Vector128.Create<byte>(block), BinaryPrimitives.ReadUInt32BigEndian(block[12..]), data);
        else XorPortable(block, data);
    }

    internal void XorPortable(Span<byte> block, Span<byte> data)
    {
        Span<byte> stream = stackalloc byte[16 * MaxBlocks];
        for (var done = 0; done < data.Length;)
        {
            var part = data.Slice(done, Math.Min(data.Length - done, stream.Length));
            var blocks = (part.Length + 15) / 16;
            for (var i = 0; i < blocks; i++)
            {
                block.CopyTo(stream[(16 * i)..]);
                BinaryPrimitives.WriteUInt16BigEndian(stream[(16 * i + 14)..], (ushort)(done / 16 + i));
            }
            _aes!.EncryptEcb(stream[..(16 * blocks)], stream[..(16 * blocks)], PaddingMode.None);
            for (var i = 0; i < part.Length; i++) part[i] ^= stream[i];
            done += part.Length;
        }
    }

    public void Dispose()
    {
        _blocks?.Clear();
        _aes?.Dispose();
    }

    private static Aes Create(byte[] key)
    {
        var aes = Aes.Create();
        aes.SetKey(key);
        return aes;
    }
}
