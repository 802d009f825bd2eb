using VideoScale.Rpc;

namespace VideoScale.Consensus.Etcd.Client;

/// <summary>Where an operator's etcd is, how it is spoken to, and which of its keys are ours.</summary>
public sealed record EtcdOptions
{
    private const int MostEndpoints = 32;
    private const int LongestPrefix = 512;

    /// <summary>http://host:port or https://host:port of its members; host:port alone takes https when there is a CA.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>What all keys begin with; empty: /videoscale/ and the cluster's id.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Empty: etcd's authentication is off, or goes by the certificate.</summary>
    public string User { get; init; } = "";
    public string Password { get; init; } = "";

    /// <summary>PEM files; empty: plain HTTP/2.</summary>
    public string CaPath { get; init; } = "";
    public string CertPath { get; init; } = "";
    public string KeyPath { get; init; } = "";

    /// <summary>A leader that cannot renew its lease for so long leads no more; 2 to 60. etcd itself takes 2 for the least.</summary>
    public int LeaseSeconds { get; init; } = 5;

    /// <summary>Operations in one transaction; etcd's --max-txn-ops, which is 128 by default.</summary>
    public int MaxTxnOps { get; init; } = 128;

    /// <summary>Bytes of one request; below etcd's --max-request-bytes, which is 1.5 MiB by default.</summary>
    public int MaxRequestBytes { get; init; } = 1_400 << 10;

    /// <summary>
    /// Whether the leader compacts etcd's history behind its snapshots. Off: history belongs to all who use that etcd, and its own
    /// --auto-compaction takes care of it.
    /// </summary>
    public bool CompactsHistory { get; init; }

    /// <exception cref="RpcConfigurationException">One line that names the setting and what it may be.</exception>
    public void Check()
    {
        if (Endpoints.Count is 0 or > MostEndpoints)
            throw new RpcConfigurationException($"etcd endpoints: {Endpoints.Count} given; allowed: 1 to {MostEndpoints} of host:port");
        if (Prefix.Length > LongestPrefix || Prefix.Any(char.IsControl))
            throw new RpcConfigurationException($"etcd prefix: up to {LongestPrefix} characters, none of them a control character");
        if (LeaseSeconds is < 2 or > 60) throw new RpcConfigurationException($"etcd lease: {LeaseSeconds} s; allowed: 2 to 60");
        if (MaxTxnOps is < 8 or > 100_000) throw new RpcConfigurationException($"etcd operations: {MaxTxnOps}; allowed: 8 to 100,000");
        if (MaxRequestBytes is < 64 << 10 or > 512 << 20)
            throw new RpcConfigurationException($"etcd request bytes: {MaxRequestBytes}; allowed: 64 KiB to 512 MiB");
        if (User.Length == 0 && Password.Length > 0) throw new RpcConfigurationException("an etcd password is given, and no user");
        if (User.Length > 0 && Password.Length == 0) throw new RpcConfigurationException($"etcd user {User} is given, and no password");
        if (CertPath.Length == 0 != (KeyPath.Length == 0))
            throw new RpcConfigurationException("an etcd certificate and its key are given together, or neither");
        if (CertPath.Length > 0 && CaPath.Length == 0) throw new RpcConfigurationException("an etcd certificate is given, and no CA");
        foreach (var endpoint in Endpoints) _ = ToUri(endpoint);
    }

    internal Uri ToUri(string endpoint)
    {
        var secure = CaPath.Length > 0;
        var text = endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : $"{(secure ? "https" : "http")}://{endpoint}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            || uri.AbsolutePath != "/")
            throw new RpcConfigurationException($"etcd endpoint \"{endpoint}\" is not host:port, http://host:port or https://host:port");
        if (uri.Scheme == "https" && !secure)
            throw new RpcConfigurationException($"etcd endpoint \"{endpoint}\" is https: name the CA that signed its certificate");
        if (uri.Scheme == "http" && secure)
            throw new RpcConfigurationException(
                $"etcd endpoint \"{endpoint}\" is plain http, but a CA is given: nothing would be protected");
        return uri;
    }

    /// <summary>Not the password.</summary>
    public override string ToString() => $"{string.Join(',', Endpoints)} {Prefix}";
}
