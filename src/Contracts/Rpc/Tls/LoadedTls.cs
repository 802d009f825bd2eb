using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace VideoScale.Rpc;

/// <summary>What the certificate files held at one reading. Immutable; the next reading replaces it.</summary>
internal sealed class LoadedTls
{
    internal LoadedTls(X509Certificate2Collection authorities, X509Certificate2 leaf, X509Certificate2Collection intermediates)
    {
        Authorities = authorities;
        Leaf = leaf;
        Identity = PeerIdentity.Of(leaf);
        Context = SslStreamCertificateContext.Create(leaf, intermediates, offline: true);
    }

    internal X509Certificate2Collection Authorities { get; }
    internal X509Certificate2 Leaf { get; }
    internal PeerIdentity? Identity { get; }
    internal SslStreamCertificateContext Context { get; }

    /// <summary>Of the files' contents: tells whether they are others now.</summary>
    internal string ContentHash { get; private init; } = "";

    /// <summary>The first of the certificates that carry our own to end: it, or the authority that signed it.</summary>
    internal X509Certificate2 FirstToExpire { get; private init; } = null!;

    /// <summary>Hash of what the files hold now; null when one cannot be read.</summary>
    internal static string? HashOf(TlsOptions options)
    {
        try { return HashOf(File.ReadAllText(options.CaPath), File.ReadAllText(options.CertPath), File.ReadAllText(options.KeyPath)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException) { return null; }
    }

    /// <exception cref="RpcConfigurationException">One line: which file, what is wrong, what to do.</exception>
    internal static LoadedTls Read(TlsOptions options, DateTimeOffset now)
    {
        var (authorityText, certificateText, keyText) = (ReadText(options.CaPath, "TLS CA (CaPath)"),
            ReadText(options.CertPath, "TLS certificate (CertPath)"), ReadText(options.KeyPath, "TLS key (KeyPath)"));
        var authorities = Certificates(authorityText, options.CaPath, "TLS CA (CaPath)");
        var chain = Certificates(certificateText, options.CertPath, "TLS certificate (CertPath)");
        var leaf = WithKey(options, certificateText, keyText);
        if (now > leaf.NotAfter)
            throw new RpcConfigurationException(
                $"TLS certificate {options.CertPath} expired on {CertificateWords.Date(leaf.NotAfter)}; issue a new one (videoscale "
                + $"certs)");
        if (now < leaf.NotBefore)
            throw new RpcConfigurationException(
                $"TLS certificate {options.CertPath} is not valid before {CertificateWords.Date(leaf.NotBefore)}; check this machine's "
                + $"clock");
        chain.RemoveAt(0);
        using var built = Chain(authorities, chain, purposeOid: null, now);
        if (!built.Build(leaf))
            throw new RpcConfigurationException(
                $"TLS certificate {options.CertPath} is not signed by the CA in {options.CaPath} ({CertificateWords.Statuses(built)}); "
                + $"peers would refuse it");
        var first = built.ChainElements.Select(element => element.Certificate).MinBy(certificate => certificate.NotAfter)!;
        return new(authorities, leaf, chain)
        {
            ContentHash = HashOf(authorityText, certificateText, keyText),
            FirstToExpire = X509CertificateLoader.LoadCertificate(first.RawData),
        };
    }

    /// <returns>Null when one of our authorities signed the certificate and it is valid now, else why not, in words.</returns>
    internal string? Refusal(X509Certificate2 certificate, X509Chain? presented, string purposeOid, DateTimeOffset now)
    {
        var intermediates = new X509Certificate2Collection();
        if (presented is not null)
        {
            foreach (var element in presented.ChainElements) intermediates.Add(element.Certificate);
            intermediates.AddRange(presented.ChainPolicy.ExtraStore);
        }
        using var chain = Chain(Authorities, intermediates, purposeOid, now);
        return chain.Build(certificate) ? null : CertificateWords.Refusal(certificate, chain, Authorities, now);
    }

    private static X509Chain Chain(X509Certificate2Collection authorities, X509Certificate2Collection intermediates, string? purposeOid,
        DateTimeOffset now)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (purposeOid is not null) chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purposeOid));
        return chain;
    }

    private static string HashOf(params ReadOnlySpan<string> texts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', texts!))));

    private static X509Certificate2Collection Certificates(string text, string path, string what)
    {
        var found = new X509Certificate2Collection();
        try { found.ImportFromPem(text); }
        catch (CryptographicException e)
        {
            throw new RpcConfigurationException($"{what}: {path} holds a damaged certificate ({e.Message})", e);
        }
        return found.Count > 0 ? found : throw new RpcConfigurationException($"{what}: {path} holds no PEM certificate");
    }

    private static X509Certificate2 WithKey(TlsOptions options, string certificate, string key)
    {
        try { return X509Certificate2.CreateFromPem(certificate, key); }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new RpcConfigurationException(
                $"TLS key (KeyPath): {options.KeyPath} is not the unencrypted private key of {options.CertPath}", e);
        }
    }

    private static string ReadText(string path, string what)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new RpcConfigurationException($"{what} is not set; name a PEM file, or make one with: videoscale certs");
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
}
