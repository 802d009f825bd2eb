using VideoScale.Harness;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.MediaNode.Tests.Srtp;

/// <summary>Published vectors, then agreement of every implementation on every tail length.</summary>
public class SrtpVectorTests
{
    public static TheoryData<AeadKind> Kinds => IntrinsicsGcm.IsSupported
        ? [AeadKind.Managed, AeadKind.Evp, AeadKind.Intrinsics]
        : [AeadKind.Managed, AeadKind.Evp];

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>NIST's GCM validation set (McGrew and Viega, test cases 1 to 4).</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void Gcm_gives_the_vectors_of_nist(AeadKind kind)
    {
        Check(kind, new string('0', 32), new string('0', 24), "", "", "", "58e2fccefa7e3061367f1d57a4e7455a");
        Check(kind, new string('0', 32), new string('0', 24), "", new string('0', 32), "0388dace60b6a392f328c2b971b2fe78",
            "ab6e47d42cec13bdf53a67b21257bddf");
        const string plain =
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
        const string cipher =
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";
        Check(kind, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "", plain, cipher, "4d5c2af327cd64a62cf35abd2ba6fab4");
        Check(kind, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", plain[..^8],
            cipher[..^8], "5bc94fbc3221a5db94fae95ae7121a47");
    }

    private static void Check(AeadKind kind, string key, string nonce, string associated, string plain, string cipher, string tag)
    {
        using var aead = Aead.Create(Hex(key), kind);
        var data = Hex(plain);
        var computed = new byte[16];
        aead.Seal(Hex(nonce), Hex(associated), data, computed);
        Assert.Equal(Hex(cipher), data);
        Assert.Equal(Hex(tag), computed);
        Assert.True(aead.Open(Hex(nonce), Hex(associated), data, computed));
        Assert.Equal(Hex(plain), data);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Gcm_agrees_with_the_platform_on_every_length(AeadKind kind) => Seeds.Run(3, random =>
    {
        var key = new byte[16];
        random.NextBytes(key);
        using var reference = Aead.Create(key, AeadKind.Managed);
        using var aead = Aead.Create(key, kind);
        var nonce = new byte[12];
        for (var length = 0; length <= 600; length++)
        {
            var associated = new byte[length % 41];
            var expected = new byte[length];
            random.NextBytes(nonce);
            random.NextBytes(associated);
            random.NextBytes(expected);
            var data = (byte[])expected.Clone();
            byte[] expectedTag = new byte[16], tag = new byte[16];
            reference.Seal(nonce, associated, expected, expectedTag);
            aead.Seal(nonce, associated, data, tag);
            Assert.Equal(expected, data);
            Assert.Equal(expectedTag, tag);
            tag[random.Next(16)] ^= 0x40;
            Assert.False(aead.Open(nonce, associated, data, tag));
        }
    });

    /// <summary>RFC 3711 appendix B.3.</summary>
    [Fact]
    public void Session_keys_are_derived_as_in_the_rfc()
    {
        var keys = new SrtpKeys(SrtpProfile.Aes128CmSha1Tag80, Hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            Hex("0EC675AD498AFEEBB6960B3AABE6"));
        Assert.Equal(Hex("C61E7A93744F39EE10734AFE3FF7A087"), keys.RtpKey);
        Assert.Equal(Hex("30CBBC08863D8C85D49DB34A9AE1"), keys.RtpSalt);
        Assert.Equal(Hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"), keys.RtpAuthentication);
    }

    /// <summary>RFC 3711 appendix B.2: blocks 0, 1, 2 and 0xFEFF, 0xFF00, 0xFF01 of one key stream.</summary>
    [Fact]
    public void The_counter_mode_key_stream_is_that_of_the_rfc()
    {
        using var mode = new CounterMode(Hex("2B7E151628AED2A6ABF7158809CF4F3C"));
        var stream = new byte[0xFF02 * 16];
        mode.Xor(Hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), 0, 0, stream);
        Assert.Equal(Hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"),
            stream[..48]);
        Assert.Equal(Hex("EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44"),
            stream[^48..]);
    }

    /// <summary>RFC 7714 §16.1.1: the keys there are session keys, so they go past the derivation.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void A_gcm_packet_is_sealed_as_in_the_rfc(AeadKind kind)
    {
        var key = Hex("000102030405060708090a0b0c0d0e0f");
        using var cipher = new GcmSrtpCipher(Aead.Create(key, kind), Hex("517569642070726f2071756f"), Aead.Create(key, kind), new byte[12]);
        var packet = new byte[80];
        var plain = Hex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
        plain.CopyTo(packet, 0);
        var length = cipher.SealRtp(packet, plain.Length, 12, 0x5501a0b2, 0, 0xf17b);
        Assert.Equal(
            Hex("8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"), packet[..length]);
        Assert.Equal(plain.Length, cipher.OpenRtp(packet.AsSpan(0, length), 12, 0x5501a0b2, 0, 0xf17b));
        Assert.Equal(plain, packet[..plain.Length]);
    }
}
