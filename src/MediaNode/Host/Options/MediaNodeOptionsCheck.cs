using System.Net;
using VideoScale.Model;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Options;

/// <summary>Checks options at start: every refusal names the option, its value and the allowed range.</summary>
public static class MediaNodeOptionsCheck
{
    /// <returns>One line per broken rule; empty when all hold.</returns>
    public static IReadOnlyList<string> Check(MediaNodeOptions options)
    {
        var problems = new OptionProblems(MediaNodeOptions.Section);
        if (!NameRule.Accepts(options.NodeId)) problems.Add(nameof(options.NodeId), options.NodeId, NameRule.Text);
        if (options.Region.Length > 0 && !NameRule.Accepts(options.Region))
            problems.Add(nameof(options.Region), options.Region, "empty, or " + NameRule.Text);
        if (options.Zone.Length > 0 && !NameRule.Accepts(options.Zone))
            problems.Add(nameof(options.Zone), options.Zone, "empty, or " + NameRule.Text);
        var bind = problems.CheckShared(options);
        if (options.GrpcPort == options.HttpPort)
            problems.Add("GrpcPort, HttpPort", $"{options.GrpcPort}, {options.HttpPort}", "two different ports");
        if (options.AdvertisedAddress.Length > 0 && !HostAndPort.Is(options.AdvertisedAddress))
            problems.Add(nameof(options.AdvertisedAddress), options.AdvertisedAddress, "host:port, or empty");
        else if (options.AdvertisedAddress.Length == 0 && bind is not null
            && (bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any)))
            problems.Add(nameof(options.AdvertisedAddress), "",
                $"host:port that others reach, because BindAddress {options.BindAddress} is every address");
        problems.Within(nameof(options.MediaShards), options.MediaShards, 0, MediaNodeOptions.MostShards);
        problems.Within(nameof(options.UdpPort), options.UdpPort, 1, 65_536 - MediaNodeOptions.MostShards);
        problems.Within(nameof(options.TcpPort), options.MediaTcpPort, 0, 65_535);
        if (options.MediaTcpPort != 0 && (options.MediaTcpPort == options.GrpcPort || options.MediaTcpPort == options.HttpPort))
            problems.Add(nameof(options.TcpPort), $"{options.MediaTcpPort}", "another port than GrpcPort and HttpPort");
        foreach (var address in options.MediaAddresses)
            if (!IPAddress.TryParse(address, out _)) problems.Add(nameof(options.MediaAddresses), address, "an IP address");
        if (options.MediaBindAddress.Length > 0 && !IPAddress.TryParse(options.MediaBindAddress, out _))
            problems.Add(nameof(options.MediaBindAddress), options.MediaBindAddress, "an IP address, or empty");
        if (options.MediaAddresses.Count == 0 && IPAddress.TryParse(options.MediaBind, out var media)
            && (media.Equals(IPAddress.Any) || media.Equals(IPAddress.IPv6Any)))
            problems.Add(nameof(options.MediaAddresses), "",
                $"at least one IP address that clients reach, because "
                + $"{(options.MediaBindAddress.Length > 0 ? nameof(options.MediaBindAddress) : nameof(options.BindAddress))} "
                + $"{options.MediaBind} is every address");
        if (options.Control.Count == 0) problems.Add(nameof(options.Control), "", "at least one host:port of a control-plane replica");
        foreach (var address in options.Control)
            if (!HostAndPort.Is(address)) problems.Add(nameof(options.Control), address, "host:port");
        problems.Within(nameof(options.CapacityPublishers), options.CapacityPublishers, 1, 100_000);
        problems.Within(nameof(options.CapacitySubscribers), options.CapacitySubscribers, 1, 1_000_000);
        problems.Within(nameof(options.CapacityBitrateKbps), options.CapacityBitrateKbps, 1, 1_000_000_000);
        problems.Within(nameof(options.IsolationGraceSeconds), options.IsolationGraceSeconds, 0, 86_400);
        problems.Within(nameof(options.SeatWaitMs), options.SeatWaitMs, 0, 10_000);
        if (!Enum.IsDefined(options.Continuity))
            problems.Add(nameof(options.Continuity), options.Continuity.ToString(), "Continue or Stop");
        CheckSecurity(options, bind, problems);
        return problems.Lines;
    }

    private static void CheckSecurity(MediaNodeOptions options, IPAddress? bind, OptionProblems problems)
    {
        if (options.DevelopmentMode || (options.Tls.IsEmpty && (bind is null || IPAddress.IsLoopback(bind)))) return;
        problems.NeedFiles(options.Tls, "a loopback BindAddress");
    }
}
