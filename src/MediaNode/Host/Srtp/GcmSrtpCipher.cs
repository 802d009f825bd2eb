using System.Buffers.Binary;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>AEAD_AES_128_GCM for SRTP and SRTCP (RFC 7714).</summary>
public sealed class GcmSrtpCipher(IAead rtp, byte[] rtpSalt, IAead rtcp, byte[] rtcpSalt) : ISrtpCipher
{
    private const int TagLength = 16;
    private const int IndexLength = 4;
    private const uint EncryptedFlag = 0x8000_0000;
    private const int RtcpHeaderLength = 8;

    public int RtpOverhead => TagLength;
    public int RtcpOverhead => TagLength + IndexLength;

    public int SealRtp(Span<byte> packet, int length, int headerLength, uint ssrc, uint rollover, ushort sequence)
    {
        Span<byte> nonce = stackalloc byte[12];
        RtpNonce(nonce, ssrc, rollover, sequence);
        rtp.Seal(nonce, packet[..headerLength], packet[headerLength..length], packet.Slice(length, TagLength));
        return length + TagLength;
    }

    public int OpenRtp(Span<byte> packet, int headerLength, uint ssrc, uint rollover, ushort sequence)
    {
        var length = packet.Length - TagLength;
        if (length < headerLength) return -1;
        Span<byte> nonce = stackalloc byte[12];
        RtpNonce(nonce, ssrc, rollover, sequence);
        return rtp.Open(nonce, packet[..headerLength], packet[headerLength..length], packet[length..]) ? length : -1;
    }

    public int SealRtcp(Span<byte> packet, int length, uint ssrc, uint index)
    {
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> associated = stackalloc byte[RtcpHeaderLength + IndexLength];
        RtcpNonce(nonce, ssrc, index);
        packet[..RtcpHeaderLength].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeaderLength..], index | EncryptedFlag);
        rtcp.Seal(nonce, associated, packet[RtcpHeaderLength..length], packet.Slice(length, TagLength));
        BinaryPrimitives.WriteUInt32BigEndian(packet[(length + TagLength)..], index | EncryptedFlag);
        return length + TagLength + IndexLength;
    }

    public int OpenRtcp(Span<byte> packet, uint ssrc, out uint index)
    {
        index = 0;
        var length = packet.Length - TagLength - IndexLength;
        if (length < RtcpHeaderLength) return -1;
        var word = BinaryPrimitives.ReadUInt32BigEndian(packet[(length + TagLength)..]);
        if ((word & EncryptedFlag) == 0) return -1; // we negotiate encryption always
        index = word & ~EncryptedFlag;
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> associated = stackalloc byte[RtcpHeaderLength + IndexLength];
        RtcpNonce(nonce, ssrc, index);
        packet[..RtcpHeaderLength].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeaderLength..], word);
        return rtcp.Open(nonce, associated, packet[RtcpHeaderLength..length], packet.Slice(length, TagLength)) ? length : -1;
    }

    public void Dispose()
    {
        rtp.Dispose();
        rtcp.Dispose();
    }

    /// <summary>RFC 7714 §8.1.</summary>
    private void RtpNonce(Span<byte> nonce, uint ssrc, uint rollover, ushort sequence)
    {
        nonce[0] = nonce[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(nonce[2..], ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[6..], rollover);
        BinaryPrimitives.WriteUInt16BigEndian(nonce[10..], sequence);
        for (var i = 0; i < 12; i++) nonce[i] ^= rtpSalt[i];
    }

    /// <summary>RFC 7714 §9.1.</summary>
    private void RtcpNonce(Span<byte> nonce, uint ssrc, uint index)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(nonce[2..], ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[8..], index);
        for (var i = 0; i < 12; i++) nonce[i] ^= rtcpSalt[i];
    }
}
