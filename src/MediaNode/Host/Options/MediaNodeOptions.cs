using VideoScale.MediaNode.Ownership;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Options;

/// <summary>
/// Everything one media node is told at start. Bound from appsettings.json, VIDEOSCALE__MediaNode__… and flags, in that order.
/// </summary>
public sealed class MediaNodeOptions : ServerOptions
{
    public MediaNodeOptions() => (HttpPort, GrpcPort) = (8380, 8180);

    /// <summary>Name of the configuration section.</summary>
    public const string Section = "MediaNode";

    /// <summary>The node's name in the fleet; kept across restarts: 1 to 64 characters of A-Z a-z 0-9 . _ -.</summary>
    public string NodeId { get; set; } = "";

    /// <summary>Region, e.g. "eu-west"; may be empty.</summary>
    public string Region { get; set; } = "";

    /// <summary>Zone inside the region, e.g. "a"; may be empty.</summary>
    public string Zone { get; set; } = "";

    /// <summary>First UDP port of media; shard i has this plus i; 1 to 65,520.</summary>
    public int UdpPort { get; set; } = 8480;

    /// <summary>
    /// TCP port of media, for clients that UDP does not reach; 1 to 65,535, 0 for none; the same number as UdpPort when left out.
    /// </summary>
    public int? TcpPort { get; set; }

    /// <summary>Threads that carry media, each with a UDP port; 0 for one per core; at most 16.</summary>
    public int MediaShards { get; set; }

    /// <summary>
    /// The IP address the ports of media listen on, where media needs another than the endpoints: 0.0.0.0 for all; empty for BindAddress.
    /// </summary>
    public string MediaBindAddress { get; set; } = "";

    /// <summary>IP addresses under which clients reach the ports of media (public address, NAT 1:1); empty for MediaBindAddress.</summary>
    public IList<string> MediaAddresses { get; set; } = [];

    /// <summary>host:port of the gRPC endpoint as others reach it; empty for BindAddress:GrpcPort.</summary>
    public string AdvertisedAddress { get; set; } = "";

    /// <summary>host:port of control-plane replicas (gRPC); at least one. The leader is found from any.</summary>
    public IList<string> Control { get; set; } = [];

    /// <summary>Most publishers at once; 1 to 100,000.</summary>
    public int CapacityPublishers { get; set; } = 500;

    /// <summary>Most participants who receive media at once; 1 to 1,000,000.</summary>
    public int CapacitySubscribers { get; set; } = 2_000;

    /// <summary>Most total bitrate, in and out together, in kbit/s; 1 to 1,000,000,000.</summary>
    public long CapacityBitrateKbps { get; set; } = 2_000_000;

    /// <summary>What a lost lease means for those who have joined: Continue or Stop.</summary>
    public MediaContinuity Continuity { get; set; } = MediaContinuity.Continue;

    /// <summary>With Continue: how long sessions outlive the lease, in seconds; 0 to 86,400.</summary>
    public int IsolationGraceSeconds { get; set; } = 600;

    /// <summary>API token shown to the control plane; empty when the certificate or development mode suffices.</summary>
    public string Token { get; set; } = "";

    /// <summary>Longest wait for a reservation that is still on its way when a seat is taken up, in milliseconds; 0 to 10,000.</summary>
    public int SeatWaitMs { get; set; } = 2_000;

    public const int MostShards = 16;

    /// <summary>Where nothing is set: one for each processor.</summary>
    public static int DefaultShards => Math.Min(Environment.ProcessorCount, MostShards);

    internal int MediaTcpPort => TcpPort ?? UdpPort;

    internal string MediaBind => MediaBindAddress.Length > 0 ? MediaBindAddress : BindAddress;

    internal string Advertised => AdvertisedAddress.Length > 0 ? AdvertisedAddress : BindAddress.Contains(':', StringComparison.Ordinal)
        ? $"[{BindAddress}]:{GrpcPort}" : $"{BindAddress}:{GrpcPort}";
}
