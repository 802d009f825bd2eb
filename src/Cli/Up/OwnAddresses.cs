using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace VideoScale.Cli.Up;

/// <summary>
/// Where browsers on this machine reach its media nodes: loopback, and its own addresses, since Firefox takes no part in calls over
/// loopback.
/// </summary>
internal static class OwnAddresses
{
    internal const string Loopback = "127.0.0.1";
    /// <summary>Each is a candidate that every client checks.</summary>
    private const int MostAddresses = 4;

    /// <summary>IPv4 addresses of interfaces that are up, those with a way out first. Nothing is asked of the network.</summary>
    internal static IReadOnlyList<string> Find()
    {
        try
        {
            return Choose(NetworkInterface.GetAllNetworkInterfaces()
                // virtual ones know no state
                .Where(adapter => adapter.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .Select(adapter => adapter.GetIPProperties())
                .Select(properties => (HasGateway: properties.GatewayAddresses.Any(gateway => !gateway.Address.Equals(IPAddress.Any)),
                    properties.UnicastAddresses.Select(unicast => unicast.Address))));
        }
        catch (NetworkInformationException) { return []; }
    }

    internal static IReadOnlyList<string> Choose(IEnumerable<(bool HasGateway, IEnumerable<IPAddress> Addresses)> adapters) =>
    [
        .. adapters.OrderByDescending(adapter => adapter.HasGateway).SelectMany(adapter => adapter.Addresses)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address)
                && !IsLinkLocal(address))
            .Select(address => address.ToString()).Distinct(StringComparer.Ordinal).Take(MostAddresses),
    ];

    // RFC 3927: no address that was given
    private static bool IsLinkLocal(IPAddress address) => address.GetAddressBytes() is [169, 254, ..];
}

/// <summary>Where media is offered: at loopback, and at these addresses of this machine.</summary>
internal sealed record MediaReach(IReadOnlyList<string> Beyond)
{
    internal IReadOnlyList<string> All => [OwnAddresses.Loopback, .. Beyond];
    internal string Bind => Beyond.Count == 0 ? OwnAddresses.Loopback : "0.0.0.0";
}
