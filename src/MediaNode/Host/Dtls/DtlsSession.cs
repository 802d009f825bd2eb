using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VideoScale.MediaNode.Host.Srtp;

namespace VideoScale.MediaNode.Host.Dtls;

public enum DtlsState : byte { Handshaking, Connected, Failed, Closed }

/// <summary>One DTLS 1.2 association over datagrams that the caller carries; single-threaded.</summary>
/// <remarks>
/// OpenSSL reads and writes memory, so datagram borders are lost on the way out: they are cut again at record headers. The caller passes
/// datagrams only from an address that answered an ICE check, which stands for DTLS's own cookie exchange.
/// </remarks>
public sealed unsafe class DtlsSession : IDisposable
{
    /// <summary>Octets of a datagram before IP and UDP: below every path browsers meet (LiveKit and mediasoup use 1200 to 1350).</summary>
    public const int MtuOctets = 1200;
    private const int RecordHeaderLength = 13;
    private const uint FirstTimeoutUs = 100_000;
    private const uint LongestTimeoutUs = 3_200_000;

    private readonly DtlsIdentity _identity; // keeps the context alive
    private readonly DtlsFingerprint _expected;
    private readonly bool _client;
    private readonly nint _read;
    private readonly nint _write;
    private nint _ssl;

    public DtlsSession(DtlsIdentity identity, DtlsFingerprint expected, bool client = false)
    {
        _identity = identity;
        _expected = expected;
        _client = client;
        _ssl = OpenSsl.SSL_new(identity.Context);
        if (_ssl == 0) throw new System.Security.Cryptography.CryptographicException("SSL_new");
        _read = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        _write = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        // An empty memory BIO means "come again", not the end of the stream.
        OpenSsl.BIO_ctrl(_read, OpenSsl.BioSetMemoryEofReturn, -1, null);
        OpenSsl.BIO_ctrl(_write, OpenSsl.BioSetMemoryEofReturn, -1, null);
        OpenSsl.SSL_set_bio(_ssl, _read, _write);
        OpenSsl.SSL_ctrl(_ssl, OpenSsl.ControlSetMtu, MtuOctets, null);
        OpenSsl.DTLS_set_timer_cb(_ssl, &NextTimeout);
        if (client) OpenSsl.SSL_set_connect_state(_ssl);
        else OpenSsl.SSL_set_accept_state(_ssl);
    }

    ~DtlsSession() => Free();

    public delegate void DatagramSink(ReadOnlySpan<byte> datagram);

    public DtlsState State { get; private set; }
    /// <summary>Why the state is <see cref="DtlsState.Failed"/>.</summary>
    public string? FailureReason { get; private set; }
    /// <summary>Keys for what we send and what we receive, once connected.</summary>
    public SrtpKeys? SendKeys { get; private set; }
    public SrtpKeys? ReceiveKeys { get; private set; }
    public int Retransmissions { get; private set; }

    /// <summary>A client's first flight.</summary>
    public void Start(DatagramSink send) => Handshake(send);

    public void Handle(ReadOnlySpan<byte> datagram, DatagramSink send)
    {
        if (State is DtlsState.Failed or DtlsState.Closed || datagram.IsEmpty) return;
        fixed (byte* data = datagram) _ = OpenSsl.BIO_write(_read, data, datagram.Length);
        if (State is DtlsState.Handshaking) Handshake(send);
        else Flush(send); // alerts are met, and late flights answered, in Read
    }

    /// <summary>Application data of the peer, one record a call; 0 when there is none.</summary>
    public int Read(Span<byte> buffer, DatagramSink send)
    {
        if (State is not DtlsState.Connected) return 0;
        fixed (byte* data = buffer)
        {
            var length = OpenSsl.SSL_read(_ssl, data, buffer.Length);
            Flush(send);
            if (length > 0) return length;
            var error = OpenSsl.SSL_get_error(_ssl, length);
            var reason = OpenSsl.TakeErrors();
            if (error == OpenSsl.ErrorZeroReturn) State = DtlsState.Closed;
            else if (error is not (OpenSsl.ErrorWantRead or OpenSsl.ErrorWantWrite)) Fail(reason);
            return 0;
        }
    }

    public void Write(ReadOnlySpan<byte> record, DatagramSink send)
    {
        if (State is not DtlsState.Connected) return;
        fixed (byte* data = record) _ = OpenSsl.SSL_write(_ssl, data, record.Length);
        Flush(send);
        OpenSsl.TakeErrors();
    }

    /// <summary>Sends a flight again when its time has come; to be called every 50 ms or so while handshaking.</summary>
    public void Tick(DatagramSink send)
    {
        if (State is not DtlsState.Handshaking) return;
        if (OpenSsl.SSL_ctrl(_ssl, OpenSsl.ControlHandleTimeout, 0, null) > 0) Retransmissions++;
        Flush(send);
        OpenSsl.TakeErrors();
    }

    /// <summary>Says goodbye; the peer learns at once that the session is over.</summary>
    public void Close(DatagramSink send)
    {
        if (State is not DtlsState.Connected) return;
        _ = OpenSsl.SSL_shutdown(_ssl);
        Flush(send);
        State = DtlsState.Closed;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_ssl != 0) OpenSsl.SSL_free(_ssl); // frees both BIOs
        _ssl = 0;
        State = DtlsState.Closed;
        GC.KeepAlive(_identity);
    }

    private void Handshake(DatagramSink send)
    {
        var result = OpenSsl.SSL_do_handshake(_ssl);
        Flush(send);
        if (result == 1)
        {
            Finish();
            return;
        }
        var error = OpenSsl.SSL_get_error(_ssl, result);
        var reason = OpenSsl.TakeErrors();
        if (error is not (OpenSsl.ErrorWantRead or OpenSsl.ErrorWantWrite)) Fail($"handshake: {reason}");
    }

    private void Finish()
    {
        if (PeerFingerprint() is not { } actual || actual != _expected)
        {
            Fail($"the peer's certificate is not the one it signalled ({_expected.Algorithm})");
            return;
        }
        var selected = OpenSsl.SSL_get_selected_srtp_profile(_ssl);
        if (selected == null || (SrtpProfile)selected->Id is not (SrtpProfile.Aes128Gcm or SrtpProfile.Aes128CmSha1Tag80))
        {
            Fail("no SRTP profile in common");
            return;
        }
        var profile = (SrtpProfile)selected->Id;
        Span<byte> exported = stackalloc byte[SrtpProfiles.KeyingLength(profile)];
        var label = "EXTRACTOR-dtls_srtp"u8; // RFC 5764 §4.2
        fixed (byte* output = exported, text = label)
            if (OpenSsl.SSL_export_keying_material(_ssl, output, (nuint)exported.Length, text, (nuint)label.Length, null, 0, 0) != 1)
            {
                Fail("no keying material");
                return;
            }
        var (client, server) = SrtpKeys.FromExporter(profile, exported);
        exported.Clear();
        (SendKeys, ReceiveKeys) = _client ? (client, server) : (server, client);
        State = DtlsState.Connected;
    }

    private DtlsFingerprint? PeerFingerprint()
    {
        var certificate = OpenSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0) return null;
        try
        {
            var length = OpenSsl.i2d_X509(certificate, null);
            if (length <= 0) return null;
            var der = new byte[length];
            fixed (byte* start = der)
            {
                var end = start; // the call moves it
                _ = OpenSsl.i2d_X509(certificate, &end);
            }
            return DtlsFingerprint.Of(der, _expected.Algorithm);
        }
        finally { OpenSsl.X509_free(certificate); }
    }

    private void Fail(string reason)
    {
        State = DtlsState.Failed;
        FailureReason = reason;
    }

    /// <summary>Whole records, as many as fit a datagram.</summary>
    private void Flush(DatagramSink send)
    {
        Span<byte> pending = stackalloc byte[16 * 1024];
        int length;
        fixed (byte* data = pending) length = OpenSsl.BIO_read(_write, data, pending.Length);
        var start = 0;
        for (var at = 0; at + RecordHeaderLength <= length;)
        {
            var end = at + RecordHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(pending[(at + 11)..]);
            if (end > length) break;
            if (end - start > MtuOctets && at > start)
            {
                send(pending[start..at]);
                start = at;
            }
            at = end;
            if (at == length) send(pending[start..at]);
        }
    }

    /// <summary>RFC 6347 §4.2.4.1 suggests 1 s and doubling; real-time paths are shorter, so 100 ms and doubling.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint NextTimeout(nint ssl, uint previousUs) =>
        previousUs == 0 ? FirstTimeoutUs : Math.Min(previousUs * 2, LongestTimeoutUs);
}
