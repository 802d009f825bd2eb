using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Processes;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Startup;
using VideoScale.MediaNode.Ownership;

namespace VideoScale.Cli.Media;

/// <summary><c>videoscale media</c>: one media node.</summary>
internal static class MediaCommand
{
    private static readonly ServerFlags Shared = new(MediaNodeOptions.Section, defaultGrpcPort: 8180, defaultHttpPort: 8380);
    private static readonly Option<string?> Node = new("--node")
    {
        Description = "The node's name in the fleet; keep it across restarts.",
        HelpName = "NAME",
    };
    private static readonly Option<string?> ControlPlane = new("--control")
    {
        Description = "gRPC addresses of replicas: host:port,host:port,…",
        HelpName = "LIST",
    };
    private static readonly Option<string?> Region = new("--region") { Description = "Region, e.g. eu-west.", HelpName = "NAME" };
    private static readonly Option<string?> Zone = new("--zone") { Description = "Zone inside the region.", HelpName = "NAME" };
    private static readonly Option<int?> UdpPort = new("--udp-port")
    {
        Description = "First UDP port of media; default 8480.",
        HelpName = "PORT",
    };
    private static readonly Option<int?> TcpPort = new("--tcp-port")
    {
        Description = "TCP port of media, for clients that UDP does not reach; 0 for none; default the number of --udp-port.",
        HelpName = "PORT",
    };
    private static readonly Option<int?> Shards = new("--shards")
    {
        Description = "Threads that carry media, each with a UDP port; default one per core.",
        HelpName = "N",
    };
    private static readonly Option<string?> MediaBind = new("--media-bind")
    {
        Description = "IP address the ports of media listen on, e.g. 0.0.0.0; default --bind.",
        HelpName = "ADDRESS",
    };
    private static readonly Option<string?> MediaAddress = new("--media-address")
    {
        Description = "IP addresses under which clients reach the ports of media: address,address,…; default the bound address.",
        HelpName = "LIST",
    };
    private static readonly Option<string?> Advertise = new("--advertise")
    {
        Description = "host:port of the gRPC endpoint as others reach it; default the bound address.",
        HelpName = "ADDRESS",
    };
    private static readonly Option<int?> Publishers = new("--capacity-publishers")
    {
        Description = "Most publishers at once; default 500.",
        HelpName = "N",
    };
    private static readonly Option<int?> Subscribers = new("--capacity-subscribers")
    {
        Description = "Most participants who receive media at once; default 2000.",
        HelpName = "N",
    };
    private static readonly Option<long?> Bitrate = new("--capacity-kbps")
    {
        Description = "Most bitrate in and out together, in kbit/s; default 2000000.",
        HelpName = "N",
    };
    private static readonly Option<MediaContinuity?> Continuity = new("--continuity")
    {
        Description = "When the lease is lost, sessions that have joined: continue (for the isolation grace) or stop.",
        HelpName = "continue|stop",
    };
    private static readonly Option<string?> Token = new("--token")
    {
        Description = "API token with the role node; prefer VIDEOSCALE__MediaNode__Token, which other users cannot see.",
        HelpName = "TOKEN",
    };

    internal static Command Create(StopSignals signals)
    {
        var command = new Command("media",
            "Runs one media node: it finds the leader by itself, takes rooms under a lease, and gives them up when it is stopped.")
        {
            Node, ControlPlane, Region, Zone, UdpPort, TcpPort, Shards, MediaBind, MediaAddress, Advertise, Publishers, Subscribers,
            Bitrate, Continuity, Token,
        }.WithNotes("""
            Example:
              videoscale media --node media-1 --control cp1.example:7980,cp2.example:7980,cp3.example:7980 \
                --bind 0.0.0.0 --advertise media1.example:8180 --media-address 203.0.113.10 --cert media-1.pem --key media-1.key --ca ca.pem

            Exit codes: 0 stopped cleanly, 69 port in use, 70 stopped by a fault, 78 configuration.
            """);
        Shared.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ChildMode.Enter(parsed, signals);
            return MediaNodeApp.RunAsync(Read(parsed), cancellationToken);
        });
        return command;
    }

    private static MediaNodeOptions Read(ParseResult parsed)
    {
        var options = Shared.Read<MediaNodeOptions>(parsed);
        options.NodeId = parsed.GetValue(Node) ?? options.NodeId;
        if (parsed.GetValue(ControlPlane) is { } list)
            options.Control = [.. AddressList.Parse(list, hasCertificates: !options.Tls.IsEmpty)];
        options.Region = parsed.GetValue(Region) ?? options.Region;
        options.Zone = parsed.GetValue(Zone) ?? options.Zone;
        options.UdpPort = parsed.GetValue(UdpPort) ?? options.UdpPort;
        options.TcpPort = parsed.GetValue(TcpPort) ?? options.TcpPort;
        options.MediaShards = parsed.GetValue(Shards) ?? options.MediaShards;
        options.MediaBindAddress = parsed.GetValue(MediaBind) ?? options.MediaBindAddress;
        if (parsed.GetValue(MediaAddress) is { } reached)
            options.MediaAddresses = [.. reached.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        options.AdvertisedAddress = parsed.GetValue(Advertise) ?? options.AdvertisedAddress;
        options.CapacityPublishers = parsed.GetValue(Publishers) ?? options.CapacityPublishers;
        options.CapacitySubscribers = parsed.GetValue(Subscribers) ?? options.CapacitySubscribers;
        options.CapacityBitrateKbps = parsed.GetValue(Bitrate) ?? options.CapacityBitrateKbps;
        options.Continuity = parsed.GetValue(Continuity) ?? options.Continuity;
        options.Token = parsed.GetValue(Token) ?? options.Token;
        return options;
    }
}
