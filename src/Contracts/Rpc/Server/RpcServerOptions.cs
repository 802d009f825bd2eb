namespace VideoScale.Rpc;

/// <summary>The gRPC server's settings.</summary>
public sealed class RpcServerOptions
{
    /// <summary>Callers from loopback without a token are admin. Announced at start; refused together with <see cref="Tls"/>.</summary>
    public bool DevelopmentMode { get; set; }

    public IList<ApiToken> Tokens { get; } = [];

    /// <summary>
    /// Set: the endpoints speak TLS, and with <see cref="TlsOptions.RequireClientCertificate"/> callers need a certificate.
    /// </summary>
    public TlsOptions? Tls { get; set; }

    /// <summary>
    /// What <see cref="Tls"/> was loaded into; set: the files are read again when they change, and their end is warned of.
    /// </summary>
    public TlsMaterial? Certificates { get; set; }

    /// <summary>Certificates of another cluster are refused; null accepts any that our authority signed.</summary>
    public string? ClusterId { get; set; }

    /// <summary>Given to unary calls that come without a deadline, so that none waits for ever; 1 ms to 1 h.</summary>
    public TimeSpan DefaultDeadline { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A larger message is RESOURCE_EXHAUSTED; the connection stays usable.</summary>
    public int MaxReceiveMessageBytes { get; set; } = 4 << 20;

    public int MaxSendMessageBytes { get; set; } = 64 << 20;

    /// <summary>Watches and agents hold streams for ever; at Kestrel's 100 the 101st would hang without a word.</summary>
    public int MaxStreamsPerConnection { get; set; } = 4096;

    /// <summary>Of all endpoints together; the descriptor limit may allow fewer.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>What the process has for connections.</summary>
    public ConnectionBudget Connections { get; set; } = ConnectionBudget.OfProcess;

    /// <summary>Unread bytes that one stream may send ahead.</summary>
    public int StreamWindowBytes { get; set; } = 1 << 20;

    /// <summary>Unread bytes that one connection may send ahead.</summary>
    public int ConnectionWindowBytes { get; set; } = 8 << 20;

    /// <summary>A silent peer is asked after this long.</summary>
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Without an answer in this time the connection ends.</summary>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For services that are not ours: full name of the method or service, without a leading slash. Wins over the attribute.
    /// </summary>
    public IDictionary<string, Role> RequiredRoles { get; } = new Dictionary<string, Role>(StringComparer.Ordinal)
    {
        ["grpc.health.v1.Health"] = Role.Anonymous,
        ["grpc.reflection.v1.ServerReflection"] = Role.Viewer,
        ["grpc.reflection.v1alpha.ServerReflection"] = Role.Viewer,
    };

    /// <summary>Which exceptions are our own bugs: they end the process through <see cref="OnFatal"/>.</summary>
    public Func<Exception, bool> IsFatal { get; set; } = static _ => false;

    /// <summary>Called once with the first fatal exception; the default ends the process at once.</summary>
    public Action<Exception> OnFatal { get; set; } = static e => Environment.FailFast("a law was broken while a call was served", e);

    /// <summary>
    /// Called when a caller who is known was turned away for its role: the caller, the method's name without its service, and why. Must be
    /// quick.
    /// </summary>
    public Action<Caller, string, string> OnDenied { get; set; } = static (_, _, _) => { };

    internal void Validate()
    {
        InRange(nameof(DefaultDeadline), DefaultDeadline.TotalMilliseconds, 1, 3_600_000, "ms");
        InRange(nameof(MaxReceiveMessageBytes), MaxReceiveMessageBytes, 1024, 256 << 20, "bytes");
        InRange(nameof(MaxSendMessageBytes), MaxSendMessageBytes, 1024, 256 << 20, "bytes");
        InRange(nameof(MaxStreamsPerConnection), MaxStreamsPerConnection, 1000, 100_000, "streams");
        InRange(nameof(MaxConnections), MaxConnections, 16, 1_000_000, "connections");
        InRange(nameof(StreamWindowBytes), StreamWindowBytes, 65_535, 16 << 20, "bytes");
        InRange(nameof(ConnectionWindowBytes), ConnectionWindowBytes, StreamWindowBytes, 64 << 20, "bytes");
        InRange(nameof(KeepAlivePingDelay), KeepAlivePingDelay.TotalSeconds, 1, 3600, "s");
        InRange(nameof(KeepAlivePingTimeout), KeepAlivePingTimeout.TotalSeconds, 1, 3600, "s");
        if (DevelopmentMode && Tls is not null)
            throw new RpcConfigurationException("DevelopmentMode: it is for loopback without TLS; turn one of the two off");
        foreach (var token in Tokens) _ = token.ToHash();
    }

    private static void InRange(string name, double value, double low, double high, string unit)
    {
        if (!(value >= low && value <= high))
            throw new RpcConfigurationException($"{name}: {value} {unit} is not in {low} to {high} {unit}");
    }
}
