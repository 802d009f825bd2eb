using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace VideoScale.Rpc;

/// <summary>Loaded certificates, and the settings for either end of a TLS connection. Shared by gRPC and the replicas' own transport.</summary>
public sealed class TlsMaterial : IDisposable
{
    // TLS 1.2 stays for clients of old platforms; 1.0 and 1.1 are broken.
    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;
    private const string ServerAuthenticationOid = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthenticationOid = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2Collection _authorities;
    private readonly SslStreamCertificateContext _context;
    private readonly bool _requireClientCertificate;

    private TlsMaterial(X509Certificate2Collection authorities, X509Certificate2 leaf, X509Certificate2Collection intermediates, bool requireClientCertificate)
    {
        _authorities = authorities;
        Certificate = leaf;
        Identity = PeerIdentity.Of(leaf);
        _context = SslStreamCertificateContext.Create(leaf, intermediates, offline: true);
        _requireClientCertificate = requireClientCertificate;
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>Whom our own certificate names; null when it names nobody.</summary>
    public PeerIdentity? Identity { get; }

    /// <summary>From certificates in memory. Clients must present one.</summary>
    /// <param name="certificate">With its private key.</param>
    /// <param name="authority">The only one that is trusted.</param>
    public static TlsMaterial Of(X509Certificate2 certificate, X509Certificate2 authority) => new([authority], certificate, [], requireClientCertificate: true);

    internal static TlsMaterial Load(TlsOptions options, TimeProvider clock)
    {
        var authorities = ReadCertificates(options.CaPath, "TLS CA (CaPath)");
        var chain = ReadCertificates(options.CertPath, "TLS certificate (CertPath)");
        var leaf = WithKey(options);
        var now = clock.GetUtcNow();
        if (now > leaf.NotAfter) throw new RpcConfigurationException($"TLS certificate {options.CertPath} expired on {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC; issue a new one (videoscale certs)");
        if (now < leaf.NotBefore) throw new RpcConfigurationException($"TLS certificate {options.CertPath} is not valid before {leaf.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC; check this machine's clock");
        chain.RemoveAt(0);
        var material = new TlsMaterial(authorities, leaf, chain, options.RequireClientCertificate);
        if (material.Trust(leaf, chain, purposeOid: null, now) is { } problem)
            throw new RpcConfigurationException($"TLS certificate {options.CertPath} is not signed by the CA in {options.CaPath} ({problem}); peers would refuse it");
        return material;
    }

    /// <summary>For the end that accepts. A client that presents a certificate must present one of ours.</summary>
    /// <param name="accepts">Decides on the client's identity (null when its certificate names nobody); null accepts all that our authority signed.</param>
    public SslServerAuthenticationOptions CreateServerAuthenticationOptions(Func<PeerIdentity?, bool>? accepts = null) => new()
    {
        ServerCertificateContext = _context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = Protocols,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => certificate is null
            ? !_requireClientCertificate
            : Trusted(certificate, chain, ClientAuthenticationOid) && (accepts is null || accepts(PeerIdentity.Of((X509Certificate2)certificate))),
    };

    /// <summary>For the end that connects.</summary>
    /// <param name="targetHost">The host name or address in the server's certificate.</param>
    /// <param name="accepts">When given, the server's identity is checked in place of its host name: replicas may move.</param>
    public SslClientAuthenticationOptions CreateClientAuthenticationOptions(string targetHost, Func<PeerIdentity?, bool>? accepts = null) => new()
    {
        TargetHost = targetHost,
        ClientCertificateContext = _context,
        EnabledSslProtocols = Protocols,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => certificate is not null
            && Trusted(certificate, chain, ServerAuthenticationOid)
            && (accepts is null ? (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0 : accepts(PeerIdentity.Of((X509Certificate2)certificate))),
    };

    private bool Trusted(X509Certificate certificate, X509Chain? presented, string purposeOid)
    {
        var intermediates = new X509Certificate2Collection();
        if (presented is not null)
            foreach (var element in presented.ChainElements) intermediates.Add(element.Certificate);
        if (presented is not null) intermediates.AddRange(presented.ChainPolicy.ExtraStore);
        return Trust((X509Certificate2)certificate, intermediates, purposeOid, DateTimeOffset.UtcNow) is null;
    }

    /// <returns>Null when one of our authorities signed the certificate, else why not.</returns>
    private string? Trust(X509Certificate2 certificate, X509Certificate2Collection intermediates, string? purposeOid, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (purposeOid is not null) chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purposeOid));
        if (chain.Build(certificate)) return null;
        return chain.ChainStatus.Length == 0 ? "no chain" : string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct());
    }

    private static X509Certificate2Collection ReadCertificates(string path, string what)
    {
        var found = new X509Certificate2Collection();
        try { found.ImportFromPem(ReadText(path, what)); }
        catch (CryptographicException e) { throw new RpcConfigurationException($"{what}: {path} holds a damaged certificate ({e.Message})", e); }
        return found.Count > 0 ? found : throw new RpcConfigurationException($"{what}: {path} holds no PEM certificate");
    }

    private static X509Certificate2 WithKey(TlsOptions options)
    {
        var certificate = ReadText(options.CertPath, "TLS certificate (CertPath)");
        var key = ReadText(options.KeyPath, "TLS key (KeyPath)");
        try { return X509Certificate2.CreateFromPem(certificate, key); }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RpcConfigurationException($"TLS key (KeyPath): {options.KeyPath} is not the unencrypted private key of {options.CertPath}", e);
        }
    }

    private static string ReadText(string path, string what)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new RpcConfigurationException($"{what} is not set; name a PEM file, or make one with: videoscale certs");
        try { return File.ReadAllText(path); }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RpcConfigurationException($"{what}: {path} does not exist; make one with: videoscale certs", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RpcConfigurationException($"{what}: {path} cannot be read ({e.Message})", e);
        }
    }

    public void Dispose() => Certificate.Dispose();
}
