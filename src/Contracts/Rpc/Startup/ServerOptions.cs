namespace VideoScale.Rpc;

/// <summary>What replicas and media nodes are told alike at start.</summary>
public abstract class ServerOptions
{
    /// <summary>The IP address all endpoints listen on.</summary>
    public string BindAddress { get; set; } = "127.0.0.1";

    /// <summary>/healthz, /readyz and /metrics; 1 to 65,535.</summary>
    public int HttpPort { get; set; }

    /// <summary>The gRPC endpoint, h2; 1 to 65,535.</summary>
    public int GrpcPort { get; set; }

    /// <summary>On loopback only: no tokens are asked for and traffic is plaintext. Announced at start.</summary>
    public bool DevelopmentMode { get; set; }

    /// <summary>mTLS material; needed as soon as anything leaves loopback.</summary>
    public TlsFiles Tls { get; set; } = new();

    /// <summary>
    /// Most connections at once on all ports together, 16 to 1,000,000; fewer where the descriptor limit leaves room for fewer. No port
    /// takes more than three quarters.
    /// </summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Time for what is under way at shutdown, in milliseconds; 0 to 600,000.</summary>
    public int ShutdownGraceMs { get; set; } = 5_000;

    /// <summary>Minimum level of log lines on standard error: Trace, Debug, Information, Warning, Error.</summary>
    public string LogLevel { get; set; } = "Information";
}
