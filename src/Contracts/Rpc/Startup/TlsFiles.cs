namespace VideoScale.Rpc;

/// <summary>PEM files for mTLS, as a server's settings name them.</summary>
public sealed class TlsFiles
{
    /// <summary>This process's certificate with its chain.</summary>
    public string Certificate { get; set; } = "";
    /// <summary>Its private key.</summary>
    public string Key { get; set; } = "";
    /// <summary>The authority that peers', nodes' and clients' certificates must come from.</summary>
    public string Authority { get; set; } = "";

    public bool IsEmpty => Certificate.Length == 0 && Key.Length == 0 && Authority.Length == 0;

    /// <returns>Null when no file is named.</returns>
    public TlsOptions? ToOptions() => IsEmpty ? null : new() { CertPath = Certificate, KeyPath = Key, CaPath = Authority };

    /// <returns>Null when no file is named.</returns>
    /// <exception cref="StartupException">A file is missing or wrong; the message says which.</exception>
    public TlsMaterial? Load()
    {
        try { return ToOptions()?.Load(); }
        catch (RpcConfigurationException e) { throw new StartupException(ExitCode.BadConfiguration, e.Message, e); }
    }
}
