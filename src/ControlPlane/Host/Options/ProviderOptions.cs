namespace VideoScale.ControlPlane.Host.Options;

/// <summary>Who launches and terminates media nodes for this cluster's pools; the same at all replicas.</summary>
public sealed class ProviderOptions
{
    /// <summary>An http:// or https:// address that takes calls, or exec:PATH of a program; empty: there is none. See docs/providers.md.</summary>
    public string Address { get; set; } = "";

    /// <summary>Signs calls to an address; in the environment, or better in <see cref="SecretFile"/>.</summary>
    public string Secret { get; set; } = "";

    /// <summary>File that holds the secret.</summary>
    public string SecretFile { get; set; } = "";
}
