namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>
/// AES-128-GCM with a kept key, a 12-octet nonce and a 16-octet tag, in place and without allocation. One thread at a time.
/// </summary>
public interface IAead : IDisposable
{
    /// <summary>Encrypts <paramref name="data"/> where it stands and writes the tag.</summary>
    void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag);

    /// <summary>Decrypts where it stands; false, with the data undefined, when the tag does not fit.</summary>
    bool Open(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag);
}

/// <summary>Which implementation of AES-128-GCM runs.</summary>
public enum AeadKind : byte
{
    /// <summary>The fastest that this machine has.</summary>
    Best,
    /// <summary>.NET's AesGcm: everywhere.</summary>
    Managed,
    /// <summary>libcrypto's EVP with a kept context.</summary>
    Evp,
    /// <summary>AES-NI and PCLMULQDQ.</summary>
    Intrinsics,
}

public static class Aead
{
    public static IAead Create(ReadOnlySpan<byte> key, AeadKind kind = AeadKind.Best) => kind switch
    {
        AeadKind.Managed => new ManagedGcm(key),
        AeadKind.Evp => new EvpGcm(key),
        AeadKind.Intrinsics => new IntrinsicsGcm(key),
        _ => IntrinsicsGcm.IsSupported ? new IntrinsicsGcm(key) : EvpGcm.IsSupported ? new EvpGcm(key) : new ManagedGcm(key),
    };
}
