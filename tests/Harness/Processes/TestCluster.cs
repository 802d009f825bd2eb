using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Harness.Links;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Harness.Processes;

/// <summary>
/// Replicas and media nodes as real processes with real disks in a temporary directory, on the ports <c>up --base-port</c> would use.
/// The directory is removed at the end unless VS_KEEP is set.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly ClusterPlan _plan;
    private readonly TlsMaterial? _tls;
    private readonly ChannelPool _channels;
    private readonly bool _ownsDirectory;

    private TestCluster(string directory, bool ownsDirectory, ClusterPlan plan)
    {
        DataRoot = directory;
        _ownsDirectory = ownsDirectory;
        _plan = plan;
        _tls = plan.Credentials?.Load();
        _channels = new ChannelPool(_tls);
    }

    public string DataRoot { get; }
    public IReadOnlyList<ReplicaProcess> Replicas => _plan.Replicas;
    public IReadOnlyList<MediaProcess> Media => _plan.Media;

    /// <summary>The network of a cluster in namespaces.</summary>
    public Namespaces? Network => _plan.Network;

    /// <summary>Where the log is, beside the replicas, in <see cref="Network"/>; null when they keep it.</summary>
    public string? LogPlace => _plan.Etcd is null ? null : ClusterPlan.EtcdName;

    /// <summary>Flags with which the command line is let in.</summary>
    public IReadOnlyList<string> Credentials => _plan.Credentials is { } tls ? ClusterPlan.Flags(tls) : [];

    /// <summary>Makes data directories and processes; starts nothing.</summary>
    /// <param name="basePort">Choose one per test that runs at the same time.</param>
    /// <param name="dataRoot">Where data lives, e.g. a mounted image; null for a temporary directory.</param>
    public static Task<TestCluster> CreateAsync(int replicas, int media, int basePort, string? dataRoot = null) =>
        CreateAsync(new ClusterShape(replicas, media) { BasePort = basePort }, dataRoot);

    public static async Task<TestCluster> CreateAsync(ClusterShape shape, string? dataRoot = null)
    {
        var root = dataRoot ?? Directory.CreateTempSubdirectory("videoscale-test-").FullName;
        return new TestCluster(root, dataRoot is null, await ClusterPlan.MakeAsync(shape, root));
    }

    /// <summary>A cluster whose directories are there already, under <paramref name="directory"/>; they stay when it ends.</summary>
    public static TestCluster Of(string directory, IReadOnlyList<ReplicaProcess> replicas) =>
        new(directory, ownsDirectory: false, new ClusterPlan(replicas, [], null, null));

    /// <summary>Makes a cluster, starts everything and waits until all of it is ready.</summary>
    public static async Task<TestCluster> StartAsync(int replicas, int media, int basePort, string? dataRoot = null)
    {
        var cluster = await CreateAsync(replicas, media, basePort, dataRoot);
        try
        {
            cluster.Start();
            await cluster.WaitForReadyAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public void Start()
    {
        foreach (var replica in Replicas) replica.Start();
        foreach (var node in Media) node.Start();
    }

    public async Task WaitForReadyAsync(TimeSpan? limit = null)
    {
        foreach (var server in Replicas.Cast<ServerProcess>().Concat(Media).Where(s => s.IsRunning)) await server.WaitForReadyAsync(limit);
    }

    /// <summary>A plain channel to one process; channels live as long as the cluster.</summary>
    public GrpcChannel Channel(ServerProcess server) => _channels.Get(server.GrpcAddress);

    /// <summary>An invoker over all replicas that goes to the next on UNAVAILABLE; the caller disposes it.</summary>
    public MultiEndpointInvoker Anywhere(TimeSpan? patience = null) => new(Replicas.Select(r => r.GrpcAddress), patience: patience);

    public RoomService.RoomServiceClient Rooms(ReplicaProcess replica) => new(Channel(replica));
    public NodeService.NodeServiceClient Nodes(ReplicaProcess replica) => new(Channel(replica));
    public ClusterService.ClusterServiceClient Cluster(ReplicaProcess replica) => new(Channel(replica));
    public AuditService.AuditServiceClient Audit(ReplicaProcess replica) => new(Channel(replica));
    public AdmissionService.AdmissionServiceClient Admission(MediaProcess node) => new(Channel(node));

    /// <summary>The replica that says it leads in the highest term; waits for one.</summary>
    /// <param name="except">Not this one: the old leader that was frozen or cut off.</param>
    public async Task<ReplicaProcess> WaitForLeaderAsync(ReplicaProcess? except = null, TimeSpan? limit = null)
    {
        ReplicaProcess? leader = null;
        await Eventually.HoldsAsync(async () => (leader = await FindLeaderAsync(except)) is not null, "one replica leads", limit,
            () => string.Join(System.Environment.NewLine, Replicas.Select(r => $"{r.Name}: {r.Log}")));
        return leader!;
    }

    private async Task<ReplicaProcess?> FindLeaderAsync(ReplicaProcess? except)
    {
        (ReplicaProcess? Replica, ulong Term) best = default;
        foreach (var replica in Replicas.Where(r => r.IsRunning && r != except))
        {
            try
            {
                var status = await Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(1));
                if (status.Role == ReplicaRole.Leader && status.Term > best.Term) best = (replica, status.Term);
            }
            catch (RpcException) { } // dead, frozen or starting: not the leader we look for
        }
        return best.Replica;
    }

    public async ValueTask DisposeAsync()
    {
        _channels.Dispose();
        _tls?.Dispose();
        foreach (var node in Media) node.Dispose();
        foreach (var replica in Replicas) replica.Dispose();
        if (_plan.Etcd is not null) await _plan.Etcd.DisposeAsync();
        if (!_ownsDirectory || System.Environment.GetEnvironmentVariable("VS_KEEP") is { Length: > 0 }) return;
        // A process that was just killed may still be closing its files.
        await Eventually.HoldsAsync(() =>
        {
            try { Directory.Delete(DataRoot, recursive: true); return true; }
            catch (IOException) { return false; }
        }, $"{DataRoot} can be removed", TimeSpan.FromSeconds(10));
    }
}
