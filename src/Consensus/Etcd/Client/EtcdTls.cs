using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Etcd.Client;

/// <summary>
/// TLS to etcd: its certificates are signed by the CA that the operator named, and by no other; ours, if etcd asks for one.
/// </summary>
internal static class EtcdTls
{
    /// <exception cref="RpcConfigurationException">A file cannot be used.</exception>
    internal static SslClientAuthenticationOptions Of(EtcdOptions options, string host)
    {
        var authorities = Read(options.CaPath, Certificates);
        var own = options.CertPath.Length == 0 ? null : Read(options.CertPath,
            path => X509Certificate2.CreateFromPemFile(path, options.KeyPath));
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = policy,
            // with those that stand behind it in the file, and no other looked for anywhere
            ClientCertificateContext = own is null ? null
                : SslStreamCertificateContext.Create(own, Read(options.CertPath, Certificates), offline: true),
        };
    }

    private static X509Certificate2Collection Certificates(string path)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(path);
        return all.Count > 0 ? all : throw new CryptographicException("no certificate in it");
    }

    private static T Read<T>(string path, Func<string, T> read)
    {
        try { return read(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new RpcConfigurationException($"etcd's TLS: {path} cannot be used: {e.Message}", e);
        }
    }
}
