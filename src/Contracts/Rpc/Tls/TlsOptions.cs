namespace VideoScale.Rpc;

/// <summary>Where a process finds its certificates: PEM files. <c>videoscale certs</c> makes them for development.</summary>
public sealed class TlsOptions
{
    /// <summary>The authority (or several) whose signature makes a peer one of ours.</summary>
    public string CaPath { get; set; } = "";

    /// <summary>This process's certificate, followed by intermediate ones if there are any.</summary>
    public string CertPath { get; set; } = "";

    /// <summary>Its private key, PKCS#8 without a passphrase.</summary>
    public string KeyPath { get; set; } = "";

    /// <summary>
    /// A server then refuses the handshake of a client that has no certificate of our authority. Off: tokens alone decide.
    /// </summary>
    public bool RequireClientCertificate { get; set; } = true;

    /// <summary>Reads and checks the files.</summary>
    /// <param name="clock">Tells whether the certificate is valid now.</param>
    /// <exception cref="RpcConfigurationException">One line: which file, what is wrong, what to do.</exception>
    public TlsMaterial Load(TimeProvider? clock = null) => TlsMaterial.Load(this, clock ?? TimeProvider.System);
}
