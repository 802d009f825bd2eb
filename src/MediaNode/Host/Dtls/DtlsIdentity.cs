using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.MediaNode.Host.Dtls;

/// <summary>This node's self-signed certificate and the OpenSSL context made of it; shared by all sessions.</summary>
public sealed unsafe class DtlsIdentity : IDisposable
{
    /// <summary>Forward secret AEAD suites of DTLS 1.2 with ECDSA, in browsers' order.</summary>
    private const string Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384";
    private static readonly TimeSpan Validity = TimeSpan.FromDays(30); // as browsers make theirs

    public DtlsIdentity(TimeProvider clock, string profiles = SrtpProfiles.OpenSslNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=VideoScale", key, HashAlgorithmName.SHA256);
        var now = clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + Validity);
        Fingerprint = DtlsFingerprint.Of(certificate.RawData);
        Context = OpenSsl.SSL_CTX_new(OpenSsl.DTLS_method());
        Require(Context != 0, "SSL_CTX_new");
        var secret = key.ExportECPrivateKey();
        fixed (byte* der = certificate.RawData)
            Require(OpenSsl.SSL_CTX_use_certificate_ASN1(Context, certificate.RawData.Length, der) == 1, "certificate");
        fixed (byte* der = secret) Require(OpenSsl.SSL_CTX_use_PrivateKey_ASN1(OpenSsl.KeyTypeEc, Context, der, secret.Length) == 1, "key");
        CryptographicOperations.ZeroMemory(secret);
        Require(OpenSsl.SSL_CTX_set_tlsext_use_srtp(Context, profiles) == 0, "use_srtp"); // zero is success here
        Require(OpenSsl.SSL_CTX_set_cipher_list(Context, Ciphers) == 1, "ciphers");
        Require(OpenSsl.SSL_CTX_ctrl(Context, OpenSsl.ControlSetMinProtocol, OpenSsl.Dtls12, null) == 1, "DTLS 1.2");
        OpenSsl.SSL_CTX_set_verify(Context, OpenSsl.VerifyPeerAndRequire, &AcceptAny);
        OpenSsl.SSL_CTX_set_options(Context, OpenSsl.NoQueryMtu | OpenSsl.NoTicket | OpenSsl.NoRenegotiation);
    }

    ~DtlsIdentity() => Free();

    public DtlsFingerprint Fingerprint { get; }
    internal nint Context { get; private set; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Context != 0) OpenSsl.SSL_CTX_free(Context);
        Context = 0;
    }

    /// <summary>Certificates are self-signed: the session compares their fingerprint after the handshake instead.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptAny(int verified, nint store) => 1;

    private static void Require(bool holds, string step)
    {
        if (!holds) throw new CryptographicException($"OpenSSL refused {step}: {OpenSsl.TakeErrors()}");
    }
}
