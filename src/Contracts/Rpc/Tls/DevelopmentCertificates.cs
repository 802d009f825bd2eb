using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace VideoScale.Rpc;

/// <summary>
/// Makes an authority and certificates for development and tests: ECDSA P-256, PEM files, keys readable by their owner alone.
/// </summary>
public static class DevelopmentCertificates
{
    private const string Unfinished = ".new";
    private const int AuthorityDays = 3650;
    /// <summary>Clients may refuse server certificates that live longer than 398 days.</summary>
    private const int LeafDays = 397;

    /// <summary>Makes <c>ca.pem</c> and <c>ca.key</c> in the directory.</summary>
    /// <exception cref="RpcConfigurationException">There is an authority already: a second one would cut off all it signed for.</exception>
    public static void CreateAuthority(string directory, string clusterId, TimeProvider? clock = null)
    {
        Directory.CreateDirectory(directory);
        var (caPath, keyPath) = AuthorityPaths(directory);
        if (File.Exists(caPath) || File.Exists(keyPath))
            throw new RpcConfigurationException($"{directory} already holds an authority (ca.pem); remove it, or choose another directory");
        var now = (clock ?? TimeProvider.System).GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Named($"VideoScale {clusterId} development CA"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true,
            pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var authority = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(AuthorityDays));
        WriteKey(keyPath, key);
        File.WriteAllText(caPath, authority.ExportCertificatePem() + "\n");
    }

    /// <summary>
    /// Signs a certificate: <c>NAME.pem</c> and <c>NAME.key</c> beside the authority's files, in the place of those that are there.
    /// </summary>
    /// <param name="fileName">Without ending, e.g. "replica-1".</param>
    /// <param name="hosts">Host names and IP addresses that it serves under.</param>
    /// <returns>The options a process with this certificate starts with.</returns>
    public static TlsOptions Issue(string directory, string fileName, PeerIdentity identity, IEnumerable<string> hosts,
        TimeProvider? clock = null, TimeSpan? lifetime = null)
    {
        var (caPath, caKeyPath) = AuthorityPaths(directory);
        using var authority = new TlsOptions { CaPath = caPath, CertPath = caPath, KeyPath = caKeyPath }.Load(clock);
        var now = (clock ?? TimeProvider.System).GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Named(identity.Subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority.Certificate,
            includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(Names(identity, hosts));

        var notAfter = now + (lifetime ?? TimeSpan.FromDays(LeafDays));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f; // a positive number
        using var leaf = request.Create(authority.Certificate, now.AddMinutes(-5), notAfter, serial);
        var options = new TlsOptions
        {
            CaPath = caPath,
            CertPath = Path.Combine(directory, fileName + ".pem"),
            KeyPath = Path.Combine(directory, fileName + ".key"),
        };
        // Put in place when complete, so that a process that reads them while they are replaced finds whole files.
        WriteKey(options.KeyPath + Unfinished, key);
        File.WriteAllText(options.CertPath + Unfinished, leaf.ExportCertificatePem() + "\n");
        File.Move(options.KeyPath + Unfinished, options.KeyPath, overwrite: true);
        File.Move(options.CertPath + Unfinished, options.CertPath, overwrite: true);
        return options;
    }

    private static (string Ca, string Key) AuthorityPaths(string directory) =>
        (Path.Combine(directory, "ca.pem"), Path.Combine(directory, "ca.key"));

    private static X500DistinguishedName Named(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build();
    }

    private static X509Extension Names(PeerIdentity identity, IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity.ToUri()));
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
        }
        return names.Build();
    }

    private static void WriteKey(string path, ECDsa key)
    {
        PrivateFile.Write(path, key.ExportPkcs8PrivateKeyPem() + "\n", FileMode.Create);
    }
}
