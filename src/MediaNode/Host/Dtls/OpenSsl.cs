using System.Runtime.InteropServices;
using System.Text;

namespace VideoScale.MediaNode.Host.Dtls;

/// <summary>The calls we need of OpenSSL 3, which .NET on Linux stands on already.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    // Macros of ssl.h, bio.h and evp.h.
    public const int ControlSetMtu = 17;              // SSL_CTRL_SET_MTU
    public const int ControlHandleTimeout = 74;       // DTLS_CTRL_HANDLE_TIMEOUT
    public const int ControlSetMinProtocol = 123;     // SSL_CTRL_SET_MIN_PROTO_VERSION
    public const int Dtls12 = 0xFEFD;
    public const int BioSetMemoryEofReturn = 130;     // BIO_C_SET_BUF_MEM_EOF_RETURN
    public const int KeyTypeEc = 408;                 // EVP_PKEY_EC
    public const int VerifyPeerAndRequire = 1 | 2;    // SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    public const ulong NoQueryMtu = 1UL << 12;
    public const ulong NoTicket = 1UL << 14;
    public const ulong NoRenegotiation = 1UL << 30;
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorZeroReturn = 6;

    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Ssl, out _);

    /// <summary>Takes everything off this thread's error queue; a later call must not find an older one's reasons.</summary>
    public static string TakeErrors()
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[256];
        for (var code = ERR_get_error(); code != 0; code = ERR_get_error())
        {
            ERR_error_string_n(code, buffer, 256);
            if (text.Length > 0) text.Append("; ");
            text.Append(Marshal.PtrToStringUTF8((nint)buffer));
        }
        return text.ToString();
    }

    [LibraryImport(Ssl)] public static partial nint DTLS_method();
    [LibraryImport(Ssl)] public static partial nint SSL_CTX_new(nint method);
    [LibraryImport(Ssl)] public static partial void SSL_CTX_free(nint context);
    [LibraryImport(Ssl)] public static partial nint SSL_CTX_ctrl(nint context, int command, nint value, void* pointer);
    [LibraryImport(Ssl)] public static partial int SSL_CTX_use_certificate_ASN1(nint context, int length, byte* der);
    [LibraryImport(Ssl)] public static partial int SSL_CTX_use_PrivateKey_ASN1(int type, nint context, byte* der, nint length);
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_tlsext_use_srtp(nint context, string profiles);
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string ciphers);
    [LibraryImport(Ssl)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, delegate* unmanaged[Cdecl]<int, nint, int> callback);
    [LibraryImport(Ssl)] public static partial ulong SSL_CTX_set_options(nint context, ulong options);
    [LibraryImport(Ssl)] public static partial nint SSL_new(nint context);
    [LibraryImport(Ssl)] public static partial void SSL_free(nint ssl);
    [LibraryImport(Ssl)] public static partial void SSL_set_bio(nint ssl, nint read, nint write);
    [LibraryImport(Ssl)] public static partial void SSL_set_accept_state(nint ssl);
    [LibraryImport(Ssl)] public static partial void SSL_set_connect_state(nint ssl);
    [LibraryImport(Ssl)] public static partial int SSL_do_handshake(nint ssl);
    [LibraryImport(Ssl)] public static partial int SSL_read(nint ssl, byte* buffer, int length);
    [LibraryImport(Ssl)] public static partial int SSL_write(nint ssl, byte* buffer, int length);
    [LibraryImport(Ssl)] public static partial int SSL_shutdown(nint ssl);
    [LibraryImport(Ssl)] public static partial int SSL_get_error(nint ssl, int result);
    [LibraryImport(Ssl)] public static partial nint SSL_ctrl(nint ssl, int command, nint value, void* pointer);
    [LibraryImport(Ssl)] public static partial void DTLS_set_timer_cb(nint ssl, delegate* unmanaged[Cdecl]<nint, uint, uint> callback);
    [LibraryImport(Ssl)] public static partial SrtpProtectionProfile* SSL_get_selected_srtp_profile(nint ssl);
    [LibraryImport(Ssl)]
    public static partial int SSL_export_keying_material(nint ssl, byte* output, nuint length, byte* label, nuint labelLength,
        byte* context, nuint contextLength, int useContext);
    [LibraryImport(Ssl)] public static partial nint SSL_get1_peer_certificate(nint ssl);
    [LibraryImport(Crypto)] public static partial int i2d_X509(nint certificate, byte** output);
    [LibraryImport(Crypto)] public static partial void X509_free(nint certificate);
    [LibraryImport(Crypto)] public static partial nint BIO_new(nint method);
    [LibraryImport(Crypto)] public static partial nint BIO_s_mem();
    [LibraryImport(Crypto)] public static partial int BIO_write(nint bio, byte* data, int length);
    [LibraryImport(Crypto)] public static partial int BIO_read(nint bio, byte* data, int length);
    [LibraryImport(Crypto)] public static partial nint BIO_ctrl(nint bio, int command, nint value, void* pointer);
    [LibraryImport(Crypto)] private static partial nuint ERR_get_error();
    [LibraryImport(Crypto)] private static partial void ERR_error_string_n(nuint code, byte* buffer, nuint length);

    /// <summary>SRTP_PROTECTION_PROFILE of srtp.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SrtpProtectionProfile
    {
        public nint Name;
        public nuint Id;
    }
}
