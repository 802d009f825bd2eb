namespace VideoScale.ControlPlane.Host.Options;

/// <summary>Who launches and terminates media nodes for this cluster's pools; the same at all replicas.</summary>
public sealed class ProviderOptions
{
    internal const string ScriptScheme = "exec:";
    internal const string AddressRule = "an http:// or https:// address, or exec:PATH of a program";

    /// <summary>
    /// An http:// or https:// address that takes calls, or exec:PATH of a program; empty: there is none. See docs/providers.md.
    /// </summary>
    public string Address { get; set; } = "";

    /// <summary>Signs calls to an address; in the environment, or better in <see cref="SecretFile"/>.</summary>
    public string Secret { get; set; } = "";

    /// <summary>File that holds the secret.</summary>
    public string SecretFile { get; set; } = "";

    internal static bool IsAddress(string address) =>
        address.Length == 0 || (address.StartsWith(ScriptScheme, StringComparison.Ordinal) && address.Length > ScriptScheme.Length)
        || (Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0);
}
