using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Startup;

/// <summary>Checks options at start: every refusal names the option, its value and the allowed range.</summary>
public static class MediaNodeOptionsCheck
{
    /// <returns>One line per broken rule; empty when all hold.</returns>
    public static IReadOnlyList<string> Check(MediaNodeOptions options)
    {
        var problems = new List<string>();
        if (!NameRule.Accepts(options.NodeId)) problems.Add(Line(nameof(options.NodeId), options.NodeId, NameRule.Text));
        if (options.Region.Length > 0 && !NameRule.Accepts(options.Region)) problems.Add(Line(nameof(options.Region), options.Region, "empty, or " + NameRule.Text));
        if (options.Zone.Length > 0 && !NameRule.Accepts(options.Zone)) problems.Add(Line(nameof(options.Zone), options.Zone, "empty, or " + NameRule.Text));
        if (!IPAddress.TryParse(options.BindAddress, out var bind)) problems.Add(Line(nameof(options.BindAddress), options.BindAddress, "an IP address"));
        Within(nameof(options.GrpcPort), options.GrpcPort, 1, 65_535);
        Within(nameof(options.HttpPort), options.HttpPort, 1, 65_535);
        if (options.GrpcPort == options.HttpPort) problems.Add(Line("GrpcPort, HttpPort", $"{options.GrpcPort}, {options.HttpPort}", "two different ports"));
        if (options.AdvertisedAddress.Length > 0 && !IsHostAndPort(options.AdvertisedAddress)) problems.Add(Line(nameof(options.AdvertisedAddress), options.AdvertisedAddress, "host:port, or empty"));
        else if (options.AdvertisedAddress.Length == 0 && bind is not null && (bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any)))
            problems.Add(Line(nameof(options.AdvertisedAddress), "", $"host:port that others reach, because BindAddress {options.BindAddress} is every address"));
        if (options.Control.Count == 0) problems.Add(Line(nameof(options.Control), "", "at least one host:port of a control-plane replica"));
        foreach (var address in options.Control)
            if (!IsHostAndPort(address)) problems.Add(Line(nameof(options.Control), address, "host:port"));
        Within(nameof(options.CapacityPublishers), options.CapacityPublishers, 1, 100_000);
        Within(nameof(options.CapacitySubscribers), options.CapacitySubscribers, 1, 1_000_000);
        Within(nameof(options.CapacityBitrateKbps), options.CapacityBitrateKbps, 1, 1_000_000_000);
        Within(nameof(options.IsolationGraceSeconds), options.IsolationGraceSeconds, 0, 86_400);
        Within(nameof(options.SeatWaitMs), options.SeatWaitMs, 0, 10_000);
        Within(nameof(options.ShutdownGraceMs), options.ShutdownGraceMs, 0, 600_000);
        if (!Enum.IsDefined(options.Continuity)) problems.Add(Line(nameof(options.Continuity), options.Continuity.ToString(), "Continue or Stop"));
        if (!Enum.TryParse<LogLevel>(options.LogLevel, ignoreCase: true, out _))
            problems.Add(Line(nameof(options.LogLevel), options.LogLevel, "Trace, Debug, Information, Warning, Error, Critical or None"));
        CheckSecurity(options, bind, problems);
        return problems;

        void Within(string name, long value, long min, long max)
        {
            if (value < min || value > max)
                problems.Add(Line(name, value.ToString(CultureInfo.InvariantCulture), $"{min.ToString("N0", CultureInfo.InvariantCulture)} to {max.ToString("N0", CultureInfo.InvariantCulture)}"));
        }
    }

    /// <summary>True for host:port, [v6]:port included; the port is 1 to 65,535.</summary>
    public static bool IsHostAndPort(string text) =>
        text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
        && Uri.CheckHostName(text[..colon].Trim('[', ']')) != UriHostNameType.Unknown;

    private static void CheckSecurity(MediaNodeOptions options, IPAddress? bind, List<string> problems)
    {
        var offLoopback = bind is not null && !IPAddress.IsLoopback(bind);
        if (options.DevelopmentMode)
        {
            if (offLoopback) problems.Add(Line(nameof(options.BindAddress), options.BindAddress, "a loopback address while DevelopmentMode is true (traffic is plaintext)"));
            return;
        }
        if (options.Tls.IsEmpty && !offLoopback) return;
        NeedFile("Tls:Certificate", options.Tls.Certificate);
        NeedFile("Tls:Key", options.Tls.Key);
        NeedFile("Tls:Authority", options.Tls.Authority);

        void NeedFile(string name, string path)
        {
            if (path.Length == 0) problems.Add(Line(name, "", "the path of a file (or a loopback BindAddress)"));
            else if (!File.Exists(path)) problems.Add(Line(name, path, "a file that exists; `videoscale certs` makes a development CA"));
        }
    }

    private static string Line(string option, string value, string rule) => $"{MediaNodeOptions.Section}:{option} is \"{value}\"; allowed: {rule}";
}
