namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>
/// Seals and opens packets in place under one direction's keys; which packets may pass is decided by <see cref="SrtpSender"/> and
/// <see cref="SrtpReceiver"/>.
/// </summary>
public interface ISrtpCipher : IDisposable
{
    /// <summary>Octets a sealed RTP packet is longer.</summary>
    int RtpOverhead { get; }
    /// <summary>Octets a sealed RTCP packet is longer, its index among them.</summary>
    int RtcpOverhead { get; }

    /// <summary>
    /// Seals <paramref name="length"/> octets of <paramref name="packet"/>, which has room for the overhead; returns the new length.
    /// </summary>
    int SealRtp(Span<byte> packet, int length, int headerLength, uint ssrc, uint rollover, ushort sequence);

    /// <summary>Opens a whole packet; returns the plain length, or -1 when it is not authentic.</summary>
    int OpenRtp(Span<byte> packet, int headerLength, uint ssrc, uint rollover, ushort sequence);

    int SealRtcp(Span<byte> packet, int length, uint ssrc, uint index);

    /// <summary>Opens a whole packet; the index stands in it. Returns the plain length, or -1.</summary>
    int OpenRtcp(Span<byte> packet, uint ssrc, out uint index);
}

public static class SrtpCipher
{
    public static ISrtpCipher Create(SrtpKeys keys, AeadKind kind = AeadKind.Best) => keys.Profile is SrtpProfile.Aes128Gcm
        ? new GcmSrtpCipher(Aead.Create(keys.RtpKey, kind), keys.RtpSalt, Aead.Create(keys.RtcpKey, kind), keys.RtcpSalt)
        : new CounterModeSrtpCipher(keys);
}
