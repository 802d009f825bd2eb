using System.Security.Cryptography;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>AES-128-GCM by .NET's own class.</summary>
public sealed class ManagedGcm(ReadOnlySpan<byte> key) : IAead
{
    private readonly AesGcm _gcm = new(key, tagSizeInBytes: 16);

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag) =>
        _gcm.Encrypt(nonce, data, data, tag, associated);

    public bool Open(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        // The class has no other way to say "wrong tag"; the throw costs some 20 µs, which is why the other implementations come first.
        try { _gcm.Decrypt(nonce, data, tag, data, associated); return true; }
        catch (AuthenticationTagMismatchException) { return false; }
    }

    public void Dispose() => _gcm.Dispose();
}
