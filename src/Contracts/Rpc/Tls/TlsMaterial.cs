using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace VideoScale.Rpc;

/// <summary>
/// The certificates in use, and the settings for either end of a TLS connection. Shared by gRPC and the replicas' own transport. Every new
/// connection takes what was read last: files may be replaced while the process runs, see <see cref="CertificateWatch"/>.
/// </summary>
public sealed class TlsMaterial : IDisposable
{
    // TLS 1.2 stays for clients of old platforms; 1.0 and 1.1 are broken.
    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;
    private const string ServerAuthenticationOid = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthenticationOid = "1.3.6.1.5.5.7.3.2";

    private readonly TlsOptions? _files;
    private readonly bool _requireClientCertificate;
    private volatile LoadedTls _loaded;

    private TlsMaterial(LoadedTls loaded, TlsOptions? files, bool requireClientCertificate) =>
        (_loaded, _files, _requireClientCertificate) = (loaded, files, requireClientCertificate);

    public X509Certificate2 Certificate => _loaded.Leaf;

    /// <summary>Whom our own certificate names; null when it names nobody.</summary>
    public PeerIdentity? Identity => _loaded.Identity;

    /// <summary>Our own certificate, or the authority that signed it, whichever ends first.</summary>
    public CertificateExpiry Expiry => _loaded.FirstToExpire is { } first
        ? new(CertificateWords.NameOf(first), first.NotBefore.ToUniversalTime(), first.NotAfter.ToUniversalTime())
        : new(CertificateWords.NameOf(Certificate), Certificate.NotBefore.ToUniversalTime(), Certificate.NotAfter.ToUniversalTime());

    /// <summary>From certificates in memory. Clients must present one.</summary>
    /// <param name="certificate">With its private key.</param>
    /// <param name="authority">The only one that is trusted.</param>
    public static TlsMaterial Of(X509Certificate2 certificate, X509Certificate2 authority) =>
        new(new LoadedTls([authority], certificate, []), null, requireClientCertificate: true);

    internal static TlsMaterial Load(TlsOptions options, TimeProvider clock) =>
        new(LoadedTls.Read(options, clock.GetUtcNow()), options, options.RequireClientCertificate);

    /// <summary>Certificates in memory have none to be read again.</summary>
    internal bool HasFiles => _files is not null;

    /// <summary>
    /// What the files hold now, as one word that changes with them; null when they cannot be read. The same as in use: nothing to do.
    /// </summary>
    internal string? ContentNow => _files is null ? null : LoadedTls.HashOf(_files);

    internal string ContentInUse => _loaded.ContentHash;

    /// <summary>Reads the files again; connections made from now on use what is in them.</summary>
    /// <exception cref="RpcConfigurationException">They are not usable, or name somebody else: what was read before stays in
    /// use.</exception>
    internal void ReadAgain(TimeProvider clock)
    {
        var files = _files ?? throw new InvalidOperationException("certificates in memory have no files");
        var next = LoadedTls.Read(files, clock.GetUtcNow());
        if (next.Identity != Identity)
            throw new RpcConfigurationException(
                $"TLS certificate {files.CertPath} names {next.Identity?.ToUri() ?? "nobody"}, but this process is "
                + $"{Identity?.ToUri() ?? "nobody"}: another name needs a restart");
        _loaded = next; // the one before is left to the collector: connections may be in the middle of using it
    }

    /// <summary>For the end that accepts. A client that presents a certificate must present one of ours.</summary>
    /// <param name="accepts">Decides on the client's identity (null when its certificate names nobody); null accepts all that our authority
    /// signed.</param>
    /// <param name="refused">Told why a client is refused.</param>
    public SslServerAuthenticationOptions CreateServerAuthenticationOptions(Func<PeerIdentity?, bool>? accepts = null,
        Action<string>? refused = null)
    {
        var loaded = _loaded;
        return new()
        {
            ServerCertificateContext = loaded.Context,
            ClientCertificateRequired = true,
            EnabledSslProtocols = Protocols,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                Accept(RefusalOfClient(loaded, (X509Certificate2?)certificate, chain, accepts), refused),
        };
    }

    /// <summary>For the end that connects.</summary>
    /// <param name="targetHost">The host name or address in the server's certificate.</param>
    /// <param name="accepts">When given, the server's identity is checked in place of its host name: replicas may move.</param>
    /// <param name="refused">Told why the server is refused.</param>
    public SslClientAuthenticationOptions CreateClientAuthenticationOptions(string targetHost, Func<PeerIdentity?, bool>? accepts = null,
        Action<string>? refused = null)
    {
        var loaded = _loaded;
        return new()
        {
            TargetHost = targetHost,
            ClientCertificateContext = loaded.Context,
            EnabledSslProtocols = Protocols,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                Accept(RefusalOfServer(loaded, (X509Certificate2?)certificate, chain, targetHost,
                    (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0, accepts), refused),
        };
    }

    /// <summary>Proves both ends, on the thread that calls.</summary>
    /// <exception cref="AuthenticationException">In words: whose certificate is refused and why.</exception>
    public void AuthenticateAsClient(SslStream stream, string targetHost)
    {
        RequireValid();
        var reason = "";
        try { stream.AuthenticateAsClient(CreateClientAuthenticationOptions(targetHost, refused: why => reason = why)); }
        catch (AuthenticationException e) when (reason.Length > 0) { throw new AuthenticationException(reason, e); }
    }

    /// <inheritdoc cref="AuthenticateAsClient"/>
    public async Task AuthenticateAsClientAsync(SslStream stream, string targetHost, SslApplicationProtocol protocol,
        CancellationToken cancellationToken)
    {
        RequireValid();
        var reason = "";
        var options = CreateClientAuthenticationOptions(targetHost, refused: why => reason = why);
        options.ApplicationProtocols = [protocol];
        try { await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false); }
        catch (AuthenticationException e) when (reason.Length > 0) { throw new AuthenticationException(reason, e); }
    }

    /// <inheritdoc cref="AuthenticateAsClient"/>
    public void AuthenticateAsServer(SslStream stream)
    {
        var reason = "";
        var options = CreateServerAuthenticationOptions(refused: why => reason = why);
        options.AllowTlsResume = false; // every connection shows its certificate
        try { stream.AuthenticateAsServer(options); }
        catch (AuthenticationException e) when (reason.Length > 0) { throw new AuthenticationException(reason, e); }
    }

    /// <summary>The other end would only close the connection: what is wrong is known here.</summary>
    private void RequireValid()
    {
        if (DateTime.UtcNow > Certificate.NotAfter.ToUniversalTime())
            throw new AuthenticationException(
                $"this process's own certificate, of \"{CertificateWords.NameOf(Certificate)}\", expired on "
                + $"{CertificateWords.Date(Certificate.NotAfter)}: put a new one in its place (videoscale certs --renew); it is read "
                + $"without a restart");
    }

    private string? RefusalOfClient(LoadedTls loaded, X509Certificate2? certificate, X509Chain? chain, Func<PeerIdentity?, bool>? accepts)
    {
        if (certificate is null) return _requireClientCertificate ? "the client shows no certificate" : null;
        return loaded.Refusal(certificate, chain, ClientAuthenticationOid, DateTimeOffset.UtcNow)
            ?? (accepts is null || accepts(PeerIdentity.Of(certificate)) ? null
                : $"the certificate is of \"{CertificateWords.NameOf(certificate)}\", who is not expected here");
    }

    private static string? RefusalOfServer(LoadedTls loaded, X509Certificate2? certificate, X509Chain? chain, string host, bool isNamed,
        Func<PeerIdentity?, bool>? accepts)
    {
        if (certificate is null) return "the server shows no certificate";
        if (loaded.Refusal(certificate, chain, ServerAuthenticationOid, DateTimeOffset.UtcNow) is { } refusal) return refusal;
        if (accepts is null) return isNamed ? null : CertificateWords.OtherName(certificate, host);
        return accepts(PeerIdentity.Of(certificate)) ? null
            : $"the certificate is of \"{CertificateWords.NameOf(certificate)}\", who is not expected there";
    }

    private static bool Accept(string? refusal, Action<string>? refused)
    {
        if (refusal is not null) refused?.Invoke(refusal);
        return refusal is null;
    }

    public void Dispose() => Certificate.Dispose();
}
