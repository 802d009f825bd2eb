using Grpc.Core;
using VideoScale.Consensus.InMemory;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>One replica on a log in memory that does what a test tells it.</summary>
internal sealed class FakeReplica : IAsyncDisposable
{
    private const int Slots = 12;
    private static readonly bool[] Taken = new bool[Slots]; // tests run side by side, and some keep their ports for long
    private readonly int _slot = Take();
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-cp-").FullName;
    private readonly ChannelPool _channels = new();

    private FakeReplica(Action<ControlPlaneOptions>? configure, string? peerGrpcAddress)
    {
        var port = TestPorts.FakeReplicas + _slot * 3;
        var seats =
            new List<ReplicaSeat> { new(Path.Combine(_root, "r"), $"127.0.0.1:{port}", $"127.0.0.1:{port + 1}", $"127.0.0.1:{port + 2}") };
        if (peerGrpcAddress is not null) seats.Add(new(Path.Combine(_root, "peer"), "127.0.0.1:1", peerGrpcAddress, "127.0.0.1:2"));
        ControlPlaneBootstrap.Create(seats);
        Options = new ControlPlaneOptions
        {
            DataDirectory = Path.Combine(_root, "r"),
            DevelopmentMode = true,
            HttpPort = port + 2,
            GrpcPort = port + 1,
            RaftPort = port,
            LogLevel = "Error",
            ShutdownGraceMs = 500,
        };
        configure?.Invoke(Options);
    }

    internal ControlPlaneOptions Options { get; }
    internal InMemoryReplicatedLog Log { get; private set; } = null!;
    internal ControlPlaneApp App { get; private set; } = null!;
    internal RoomService.RoomServiceClient Rooms => new(_channels.Get($"127.0.0.1:{Options.GrpcPort}"));
    internal ChannelBase Channel => _channels.Get($"127.0.0.1:{Options.GrpcPort}");

    internal static async Task<FakeReplica> StartAsync(Action<ControlPlaneOptions>? configure = null, string? peerGrpcAddress = null,
        Action<InMemoryReplicatedLog>? started = null)
    {
        var replica = new FakeReplica(configure, peerGrpcAddress);
        replica.App = await ControlPlaneApp.StartAsync(replica.Options, _ => new InMemoryLogEngine(log =>
            {
                replica.Log = log;
                started?.Invoke(log);
            }),
            CancellationToken.None, new ReplicaTuning { EndsProcess = false });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await replica.App.WaitForReadyAsync(limit.Token);
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Leadership.IsMine, "it leads");
        return replica;
    }

    /// <summary>The replica beside this one, which does not run.</summary>
    internal Consensus.MemberId Peer => ClusterFiles.Read(Options.DataDirectory).Peers.Single(peer => peer.Member != Self).Member;

    private Consensus.MemberId Self => ClusterFiles.Read(Options.DataDirectory).Self;

    private static int Take()
    {
        lock (Taken)
        {
            var free = Array.IndexOf(Taken, false);
            if (free < 0) throw new InvalidOperationException($"more than {Slots} replicas at a time");
            Taken[free] = true;
            return free;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channels.Dispose();
        await App.DisposeAsync();
        lock (Taken) Taken[_slot] = false;
        Directory.Delete(_root, recursive: true);
    }
}
