using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>The provider that a replica was told of.</summary>
internal static class ProviderChoice
{
    /// <returns>Null: there is none.</returns>
    /// <exception cref="StartupException">Its secret cannot be read.</exception>
    internal static IInstanceProvider? Of(ProviderOptions options, string cluster, TimeProvider clock)
    {
        if (options.Address.Length == 0) return null;
        if (options.Address.StartsWith(ProviderOptions.ScriptScheme, StringComparison.Ordinal))
            return new ScriptProvider(Path.GetFullPath(options.Address[ProviderOptions.ScriptScheme.Length..]), cluster);
        return new WebhookProvider(new Uri(options.Address), cluster, SecretOf(options), clock);
    }

    private static string SecretOf(ProviderOptions options) =>
        options.SecretFile.Length == 0 ? options.Secret : SecretFiles.Read("Provider:SecretFile", options.SecretFile);
}
