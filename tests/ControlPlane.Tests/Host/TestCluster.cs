using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Consensus;
using VideoScale.Consensus.Engine;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Replicas in this process, with real disks and real sockets on loopback.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private const int PortsPerCluster = 12;
    private static int _next;
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-cp-").FullName;
    private readonly int _ports = TestPorts.Clusters + Interlocked.Increment(ref _next) % 80 * PortsPerCluster;
    private readonly ControlPlaneApp?[] _apps;
    private readonly ChannelPool _channels = new();

    private TestCluster(int replicas)
    {
        _apps = new ControlPlaneApp?[replicas];
        Hooks = [.. Enumerable.Range(0, replicas).Select(_ => new StateHooks())];
        Clocks = [.. Enumerable.Range(0, replicas).Select(_ => new ShiftedTime())];
    }

    internal StateHooks[] Hooks { get; }
    internal ShiftedTime[] Clocks { get; }
    internal int Count => _apps.Length;
    internal ControlPlaneApp this[int i] => _apps[i] ?? throw new InvalidOperationException($"replica {i} does not run");
    internal IEnumerable<ControlPlaneApp> Running => _apps.OfType<ControlPlaneApp>();

    /// <summary>Of each replica that starts from now on.</summary>
    internal Func<int, IReadOnlyList<EventSubscriber>>? Subscribers { get; init; }

    internal Action<ControlPlaneOptions>? Configure { get; init; }

    internal static async Task<TestCluster> StartAsync(int replicas, Func<int, IReadOnlyList<EventSubscriber>>? subscribers = null,
        Action<ControlPlaneOptions>? configure = null)
    {
        var cluster = new TestCluster(replicas) { Subscribers = subscribers, Configure = configure };
        ControlPlaneBootstrap.Create([.. Enumerable.Range(0, replicas).Select(i =>
            new ReplicaSeat(cluster.DirectoryOf(i), $"127.0.0.1:{cluster.Raft(i)}", cluster.Grpc(i), $"127.0.0.1:{cluster.Http(i)}"))]);
        for (var i = 0; i < replicas; i++) await cluster.StartAsync_(i);
        await cluster.WaitReadyAsync();
        return cluster;
    }

    internal string DirectoryOf(int i) => Path.Combine(_root, $"replica-{i}");
    internal string Grpc(int i) => $"127.0.0.1:{_ports + 4 + i}";
    internal int Http(int i) => _ports + i;
    private int Raft(int i) => _ports + 8 + i;

    internal async Task StartAsync_(int i) => _apps[i] = await ControlPlaneApp.StartAsync(Options(i), static tls => new RaftEngine(tls),
        CancellationToken.None, new ReplicaTuning
        {
            EndsProcess = false,
            Hooks = Hooks[i],
            Clock = Clocks[i],
            Subscribers = Subscribers?.Invoke(i) ?? [],
        });

    internal ControlPlaneOptions Options(int i)
    {
        var options = new ControlPlaneOptions
        {
            DataDirectory = DirectoryOf(i),
            DevelopmentMode = true,
            HttpPort = Http(i),
            GrpcPort = _ports + 4 + i,
            RaftPort = Raft(i),
            LogLevel = "Error",
            ShutdownGraceMs = 1_000,
        };
        Configure?.Invoke(options);
        return options;
    }

    internal async Task StopAsync(int i)
    {
        var app = this[i];
        _apps[i] = null;
        await app.DisposeAsync();
    }

    internal async Task WaitReadyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var app in Running) await app.WaitForReadyAsync(limit.Token);
        await Eventually.HoldsAsync(() => Running.Any(app => app.Replica.Core.Leadership.IsMine), "someone leads");
    }

    internal int LeaderIndex => Array.FindIndex(_apps, app => app?.Replica.Core.Leadership.IsMine == true);
    internal int FollowerIndex => Array.FindIndex(_apps, app => app is not null && !app.Replica.Core.Leadership.IsMine);
    internal VideoScale.ControlPlane.Host.Hosting.Replica Leader => this[LeaderIndex].Replica;

    internal GrpcChannel Channel(int i) => _channels.Get(Grpc(i));
    internal RoomService.RoomServiceClient Rooms(int i) => new(Channel(i));
    internal NodeService.NodeServiceClient Nodes(int i) => new(Channel(i));
    internal ClusterService.ClusterServiceClient Clusters(int i) => new(Channel(i));

    public async ValueTask DisposeAsync()
    {
        _channels.Dispose();
        for (var i = 0; i < _apps.Length; i++) if (_apps[i] is not null) await StopAsync(i);
        Directory.Delete(_root, recursive: true);
    }
}
