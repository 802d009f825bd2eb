using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Options;

/// <summary>
/// Everything one control-plane replica is told at start. Bound from appsettings.json, VIDEOSCALE__ControlPlane__… and flags, in that
/// order.
/// </summary>
public sealed class ControlPlaneOptions : ServerOptions
{
    public ControlPlaneOptions() => (HttpPort, GrpcPort) = (7880, 7980);

    /// <summary>Name of the configuration section.</summary>
    public const string Section = "ControlPlane";

    /// <summary>Holds identity.json, cluster.json, log/, snapshots/, events/; made by <see cref="ControlPlaneBootstrap"/>.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>
    /// What keeps the replicated log, as <c>--engine</c> names it, the same at all replicas; empty: what keeps that of the directory
    /// already, else "native".
    /// </summary>
    public string Engine { get; set; } = "";

    /// <summary>For the engine "etcd" alone.</summary>
    public EtcdSettings Etcd { get; set; } = new();

    /// <summary>Consensus between replicas; 1 to 65,535.</summary>
    public int RaftPort { get; set; } = 8080;

    /// <summary>
    /// The host name or IP address under which the others reach this replica when it joins; empty: <see cref="BindAddress"/>.
    /// </summary>
    public string AdvertiseHost { get; set; } = "";

    /// <summary>
    /// gRPC addresses, host:port, of replicas of a cluster that runs: with an empty data directory this replica joins it.
    /// </summary>
    public List<string> Join { get; set; } = [];

    /// <summary>
    /// Member ids of founding replicas that never ran and will not come: a cluster's very first start need not wait for them. See
    /// docs/membership.md.
    /// </summary>
    public List<string> StartWithout { get; set; } = [];

    /// <summary>
    /// Most of the network that a snapshot on its way to another replica takes, in MiB per second; 0 (no limit) to 100,000.
    /// </summary>
    public int SnapshotSendMegabytesPerSecond { get; set; }

    /// <summary>
    /// JSON file with API tokens and their roles; needed when there are no certificates, unless <see cref="DevelopmentMode"/>.
    /// </summary>
    public string TokensFile { get; set; } = "";

    /// <summary>LiveKit API keys whose tokens are taken; in development mode "devkey" with the secret "secret" is added.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>
    /// File with what secrets of API keys are sealed with in the log, the same at all replicas: 32 bytes in base64 a line, the first seals;
    /// empty: keys are those of the configuration alone.
    /// </summary>
    public string SealKeyFile { get; set; } = "";

    /// <summary>
    /// Whether MutePublishedTrack may open a microphone or camera that its owner closed; off, as in LiveKit's own server.
    /// </summary>
    public bool AllowRemoteUnmute { get; set; }

    /// <summary>
    /// The unit of consensus's own time, in milliseconds: heartbeats every 2, elections after 6 to 12 of silence; 10 to 5,000.
    /// </summary>
    public int RaftTickMs { get; set; } = 50;

    /// <summary>
    /// A snapshot is written after this much applied log, in MiB, or as much as the last one was large, up to eight times this; 1 to
    /// 65,536.
    /// </summary>
    public int SnapshotLogMegabytes { get; set; } = 64;

    /// <summary>Longest wait for consensus inside a call that brings no deadline, in milliseconds; 100 to 600,000.</summary>
    public int DefaultDeadlineMs { get; set; } = 10_000;

    /// <summary>Most commands in one log entry; 1 to 65,536.</summary>
    public int MaxCommandsPerEntry { get; set; } = 512;

    /// <summary>Most bytes of commands in one log entry; 64 KiB (the largest command) to 16 MiB.</summary>
    public int MaxEntryBytes { get; set; } = 1 << 20;

    /// <summary>Most entries proposed and not yet answered; 1 to 1,024. More make entries smaller and cost each replica more.</summary>
    public int MaxEntriesInFlight { get; set; } = 3;

    /// <summary>Most calls waiting for the log before new ones are refused with UNAVAILABLE; 16 to 1,000,000.</summary>
    public int MaxWaitingCommands { get; set; } = 16_384;

    /// <summary>
    /// Most rooms, closed ones too for the hour that they are remembered; 1 to 10,000,000. More are refused with RESOURCE_EXHAUSTED.
    /// </summary>
    public int MaxRooms { get; set; } = 1_000_000;

    /// <summary>
    /// Most rooms that wait for a node, once there is one or a pool; 0 to 10,000,000. What would wait beyond that is refused with
    /// RESOURCE_EXHAUSTED, and told when to ask again.
    /// </summary>
    public int MaxWaitingRooms { get; set; } = 1_000;

    /// <summary>Most metadata of all rooms together, in MiB; 1 to 16,384. Each replica holds it in memory and in snapshots.</summary>
    public int MaxMetadataMegabytes { get; set; } = 256;

    /// <summary>
    /// Most answers kept for retries, each for 25 h; 1,000 to 100,000,000. One caller gets half. Each takes about 250 bytes of memory.
    /// </summary>
    public int MaxRequestResults { get; set; } = 2_000_000;

    /// <summary>
    /// While more than half of the media nodes (those with rooms, and those that are heard) are silent together, none is declared lost: the
    /// fault is likelier here. After so many seconds of it they are nevertheless; 5 to 604,800.
    /// </summary>
    public int SilentMajorityHoldSeconds { get; set; } = 300;

    /// <summary>Changes a watcher may lag behind before its stream ends with UNAVAILABLE; 16 to 1,000,000.</summary>
    public int WatchBuffer { get; set; } = 4_096;

    /// <summary>The event log in PostgreSQL.</summary>
    public ExportOptions Export { get; set; } = new();

    /// <summary>What launches and terminates media nodes.</summary>
    public ProviderOptions Provider { get; set; } = new();

    /// <summary>What clients are told of TURN servers.</summary>
    public TurnOptions Turn { get; set; } = new();

    /// <summary>Who is told what happens.</summary>
    public WebhookOptions Webhooks { get; set; } = new();
}

/// <summary>A LiveKit API key: tokens name it as their issuer and are signed with its secret.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>LiveKit's convention, for development mode alone.</summary>
    internal static ApiKeyOptions Development { get; } = new() { Key = "devkey", Secret = "secret" };

    /// <summary>All that are taken, those of development mode included; the first signs what names none.</summary>
    internal static List<ApiKeyOptions> AllOf(ControlPlaneOptions options)
    {
        var keys = options.ApiKeys.ToList();
        if (options.DevelopmentMode && keys.TrueForAll(static key => key.Key != Development.Key)) keys.Add(Development);
        return keys;
    }

    /// <summary>The key's name, which is no secret.</summary>
    public string Key { get; set; } = "";
    /// <summary>The secret that tokens are signed with.</summary>
    public string Secret { get; set; } = "";
}
