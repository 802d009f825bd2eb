using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Tls;

/// <summary>A directory with an authority, removed at the end.</summary>
internal sealed class Certificates : IDisposable
{
    public Certificates(string cluster = "test")
    {
        Cluster = cluster;
        DevelopmentCertificates.CreateAuthority(Path, cluster);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("vs-certs-").FullName;
    public string Cluster { get; }

    public TlsOptions Issue(Role role, string name, TimeSpan? lifetime = null, params string[] hosts) =>
        DevelopmentCertificates.Issue(Path, $"{role}-{name}", new PeerIdentity(Cluster, role, name), hosts.Length > 0 ? hosts
            : ["127.0.0.1", "localhost"], lifetime: lifetime);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
