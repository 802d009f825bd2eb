using System.Globalization;
using System.Net;

namespace VideoScale.Platform;

/// <summary>host:port as text, with a name, an IPv4 address or an IPv6 address in brackets.</summary>
public static class HostAndPort
{
    public static bool Is(string text) => TryParse(text) is not null;

    /// <returns>Null when the text is not host:port with a port of 1 to 65535.</returns>
    public static EndPoint? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port == 0) return null;
        var host = text[..colon];
        if (IPAddress.TryParse(host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host, out var ip))
            return new IPEndPoint(ip, port);
        return Uri.CheckHostName(host) == UriHostNameType.Dns ? new DnsEndPoint(host, port) : null;
    }
}
