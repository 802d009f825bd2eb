using System.Net;
using System.Net.Sockets;
using VideoScale.Consensus.Engine;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What an operator reads when a replica cannot start: one line, and the exit code that goes with it.</summary>
public sealed class StartupTests : IDisposable
{
    private const int PortBase = 21_000;
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-start-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("HttpPort", 0, "1 to 65,535")]
    [InlineData("MaxCommandsPerEntry", 0, "1 to 65,536")]
    [InlineData("RaftTickMs", 9, "10 to 5,000")]
    [InlineData("WatchBuffer", 15, "16 to 1,000,000")]
    public async Task An_option_out_of_range_is_named_with_value_and_range(string option, int value, string range)
    {
        var options = Options("r");
        typeof(ControlPlaneOptions).GetProperty(option)!.SetValue(options, value);
        var refused = await Refused(options, ExitCode.BadConfiguration);
        Assert.Contains($"ControlPlane:{option} is \"{value}\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains(range, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Development_mode_beyond_loopback_is_refused()
    {
        var options = Options("r");
        options.BindAddress = "0.0.0.0";
        Assert.Contains("loopback", (await Refused(options, ExitCode.BadConfiguration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_certificate_is_named()
    {
        var options = Options("r");
        options.DevelopmentMode = false;
        options.TokensFile = Path.Combine(_root, "tokens.json");
        await File.WriteAllTextAsync(options.TokensFile,
            """{"tokens":[{"subject":"ci","role":"Operator","token":"0123456789abcdef0123"}]}""");
        // What is there is not looked into before all is there.
        options.Tls = new TlsFiles { Certificate = "/nowhere/cert.pem", Key = options.TokensFile, Authority = options.TokensFile };
        Assert.Contains("/nowhere/cert.pem", (await Refused(options, ExitCode.BadConfiguration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_not_a_replicas_is_refused() =>
        Assert.Contains("is not a replica's data directory", (await Refused(Options("empty"), ExitCode.DataDirectory)).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task A_damaged_identity_is_refused_and_left_alone()
    {
        var options = Options("r");
        Make(options);
        var identity = Path.Combine(options.DataDirectory, "identity.json");
        await File.WriteAllTextAsync(identity, "{ damaged");
        Assert.Contains("identity.json is damaged", (await Refused(options, ExitCode.DataDirectory)).Message, StringComparison.Ordinal);
        Assert.Equal("{ damaged", await File.ReadAllTextAsync(identity));
    }

    [Fact]
    public async Task A_directory_of_another_cluster_is_refused()
    {
        var (mine, theirs) = (Options("r"), Options("other"));
        Make(mine);
        Make(theirs);
        File.Copy(Path.Combine(theirs.DataDirectory, "cluster.json"), Path.Combine(mine.DataDirectory, "cluster.json"), overwrite: true);
        Assert.Contains("belongs to cluster", (await Refused(mine, ExitCode.DataDirectory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_holds_something_is_never_overwritten()
    {
        Directory.CreateDirectory(Path.Combine(_root, "r"));
        File.WriteAllText(Path.Combine(_root, "r", "precious"), "");
        Assert.Throws<StartupException>(() => Make(Options("r")));
    }

    [Fact]
    public async Task A_directory_in_use_and_a_port_in_use_are_told_apart()
    {
        var options = Options("r");
        Make(options);
        await using (await ControlPlaneApp.StartAsync(options, static tls => new RaftEngine(tls), CancellationToken.None,
            new ReplicaTuning { EndsProcess = false }))
            Assert.Contains("in use by another process", (await Refused(options, ExitCode.DataDirectory)).Message,
                StringComparison.Ordinal);
        foreach (var port in new[] { options.GrpcPort, options.RaftPort })
        {
            using var taken = new TcpListener(IPAddress.Loopback, port);
            taken.Start();
            Assert.Contains($"{port}", (await Refused(options, ExitCode.PortInUse)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Probes_and_metrics_answer_and_what_was_written_survives_a_restart()
    {
        var options = Options("r");
        Make(options);
        await using (var app = await ControlPlaneApp.StartAsync(options, static tls => new RaftEngine(tls), CancellationToken.None,
            new ReplicaTuning { EndsProcess = false }))
        {
            await app.WaitForReadyAsync(CancellationToken.None);
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{options.HttpPort}") };
            Assert.Equal("ok\n", await http.GetStringAsync(new Uri("/healthz", UriKind.Relative)));
            Assert.Equal("ready\n", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative)));
            await Create(options, "1", "kept");
            var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            Assert.Contains("videoscale_commands_applied", metrics, StringComparison.Ordinal);
            Assert.Contains("videoscale_raft_leader", metrics, StringComparison.Ordinal);
        }
        await using var again = await ControlPlaneApp.StartAsync(options, static tls => new RaftEngine(tls), CancellationToken.None,
            new ReplicaTuning { EndsProcess = false });
        await again.WaitForReadyAsync(CancellationToken.None);
        using var pool = new Rpc.ChannelPool();
        var rooms = new RoomService.RoomServiceClient(pool.Get($"127.0.0.1:{options.GrpcPort}"));
        Assert.Equal("kept", (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = "kept" })).Room.RoomId);
    }

    private static async Task Create(ControlPlaneOptions options, string request, string room)
    {
        using var pool = new Rpc.ChannelPool();
        await new RoomService.RoomServiceClient(pool.Get($"127.0.0.1:{options.GrpcPort}")).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = request,
            RoomId = room,
        });
    }

    private static async Task<StartupException> Refused(ControlPlaneOptions options, ExitCode code)
    {
        var refused = await Assert.ThrowsAsync<StartupException>(() => ControlPlaneApp.StartAsync(options,
            static tls => new RaftEngine(tls), CancellationToken.None, new ReplicaTuning { EndsProcess = false }));
        Assert.Equal(code, refused.Code);
        Assert.DoesNotContain('\n', refused.Message);
        return refused;
    }

    private static void Make(ControlPlaneOptions options) =>
        ControlPlaneBootstrap.Create([new ReplicaSeat(options.DataDirectory, $"127.0.0.1:{options.RaftPort}",
            $"127.0.0.1:{options.GrpcPort}", $"127.0.0.1:{options.HttpPort}")]);

    private ControlPlaneOptions Options(string name) => new()
    {
        DataDirectory = Path.Combine(_root, name),
        DevelopmentMode = true,
        HttpPort = PortBase,
        GrpcPort = PortBase + 1,
        RaftPort = PortBase + 2,
        LogLevel = "Error",
        ShutdownGraceMs = 500,
    };
}
