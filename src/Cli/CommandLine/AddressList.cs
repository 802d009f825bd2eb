using VideoScale.Platform;

namespace VideoScale.Cli.CommandLine;

/// <summary>host:port,host:port,… where a bare port repeats the host before it: 127.0.0.1:7980,7981,7982.</summary>
internal static class AddressList
{
    private const string Plain = "http://";
    private const string Secure = "https://";

    /// <param name="hasCertificates">Whether connections will be encrypted. Without it https:// is refused, for it would be sent in the
    /// clear.</param>
    internal static IReadOnlyList<string> Parse(string list, bool hasCertificates)
    {
        var addresses = new List<string>();
        foreach (var given in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!hasCertificates && given.StartsWith(Secure, StringComparison.OrdinalIgnoreCase))
                throw new CliException($"\"{given}\" needs certificates: give --ca, --cert and --key");
            var part = WithoutScheme(given);
            var address = addresses.Count > 0 && part.All(char.IsAsciiDigit) ? addresses[^1][..(addresses[^1].LastIndexOf(':') + 1)] + part
                : part;
            if (!HostAndPort.Is(address)) throw new CliException($"\"{given}\" is not host:port with a port of 1 to 65535");
            addresses.Add(address);
        }
        return addresses.Count > 0 ? addresses : throw new CliException("no address is given: name at least one host:port");
    }

    /// <summary>A URL as people copy it: what decides about encryption is the certificates, not the scheme.</summary>
    private static string WithoutScheme(string given)
    {
        foreach (var scheme in (string[])[Plain, Secure])
            if (given.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return given[scheme.Length..].TrimEnd('/');
        return given;
    }
}
