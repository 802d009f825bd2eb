using System.Security.Cryptography;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>The protection profiles we offer, in order of preference; values are DTLS-SRTP's (RFC 5764 §4.1.2, RFC 7714 §14.2).</summary>
public enum SrtpProfile : ushort
{
    Aes128CmSha1Tag80 = 0x0001,
    Aes128Gcm = 0x0007,
}

public static class SrtpProfiles
{
    /// <summary>In the notation of OpenSSL.</summary>
    public const string OpenSslNames = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
    public const int KeyLength = 16;

    public static int SaltLength(SrtpProfile profile) => profile is SrtpProfile.Aes128Gcm ? 12 : 14;

    /// <summary>Octets to export from DTLS: both keys, then both salts (RFC 5764 §4.2).</summary>
    public static int KeyingLength(SrtpProfile profile) => 2 * (KeyLength + SaltLength(profile));
}

/// <summary>A master key and salt, and what is derived from them (RFC 3711 §4.3, key derivation rate 0).</summary>
public sealed class SrtpKeys
{
    public SrtpKeys(SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt)
    {
        if (masterKey.Length != SrtpProfiles.KeyLength || masterSalt.Length != SrtpProfiles.SaltLength(profile))
            throw new ArgumentException($"wrong length of key or salt for {profile}");
        Profile = profile;
        var salt = masterSalt.Length;
        RtpKey = Derive(masterKey, masterSalt, 0, 16);
        RtpAuthentication = Derive(masterKey, masterSalt, 1, 20);
        RtpSalt = Derive(masterKey, masterSalt, 2, salt);
        RtcpKey = Derive(masterKey, masterSalt, 3, 16);
        RtcpAuthentication = Derive(masterKey, masterSalt, 4, 20);
        RtcpSalt = Derive(masterKey, masterSalt, 5, salt);
    }

    public SrtpProfile Profile { get; }
    internal byte[] RtpKey { get; }
    internal byte[] RtpAuthentication { get; }
    internal byte[] RtpSalt { get; }
    internal byte[] RtcpKey { get; }
    internal byte[] RtcpAuthentication { get; }
    internal byte[] RtcpSalt { get; }

    /// <summary>Splits what DTLS exported into the client's and the server's keys.</summary>
    public static (SrtpKeys Client, SrtpKeys Server) FromExporter(SrtpProfile profile, ReadOnlySpan<byte> exported)
    {
        const int key = SrtpProfiles.KeyLength;
        var salt = SrtpProfiles.SaltLength(profile);
        var salts = exported[(2 * key)..];
        return (new(profile, exported[..key], salts[..salt]), new(profile, exported.Slice(key, key), salts.Slice(salt, salt)));
    }

    internal static byte[] Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte label, int length)
    {
        using var aes = Aes.Create();
        aes.SetKey(masterKey);
        Span<byte> counters = stackalloc byte[32];
        counters.Clear();
        for (byte i = 0; i < 2; i++)
        {
            var block = counters.Slice(16 * i, 16);
            masterSalt.CopyTo(block); // a 12-octet salt counts as shifted left by 16 bits (RFC 7714 §11)
            block[7] ^= label;
            block[15] = i;
        }
        Span<byte> stream = stackalloc byte[32];
        aes.EncryptEcb(counters, stream, PaddingMode.None);
        return stream[..length].ToArray();
    }
}
