using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Startup;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Agents;

/// <summary>A whole node against a leader of the test's own, over real sockets.</summary>
public sealed class MediaNodeAppTests
{
    private const int LeaderPort = 19_101, OtherPort = 19_102, GrpcPort = 19_111, HttpPort = 19_112, UdpPort = 19_120;

    private static MediaNodeOptions Options(params string[] control) => new()
    {
        NodeId = "media-1",
        Control = [.. control],
        DevelopmentMode = true,
        GrpcPort = GrpcPort,
        HttpPort = HttpPort,
        UdpPort = UdpPort,
        LogLevel = "Error",
        SeatWaitMs = 2_000,
        Zone = "a",
    };

    private static Participant Seat(string identity, ulong id) => new()
    {
        Identity = identity,
        SeatId = id,
        Role = ParticipantRole.Publisher,
    };

    private static async Task<FakeSession> NextSessionAsync(FakeLeader leader)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await leader.Sessions.ReadAsync(limit.Token);
    }

    private static async Task<MediaNodeApp> StartReadyAsync(MediaNodeOptions options)
    {
        var app = await MediaNodeApp.StartAsync(options, CancellationToken.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await app.WaitForReadyAsync(limit.Token);
        return app;
    }

    [Fact]
    public async Task A_node_finds_the_leader_grants_seats_under_its_lease_and_gives_its_rooms_up_when_it_stops()
    {
        await using var follower = await FakeLeader.StartAsync(OtherPort);
        await using var leader = await FakeLeader.StartAsync(LeaderPort);
        follower.RefersTo = leader.Address;
        using var pool = new ChannelPool();
        var admission = new AdmissionService.AdmissionServiceClient(pool.Get($"127.0.0.1:{GrpcPort}"));
        FakeSession session;
        await using (await StartReadyAsync(Options(follower.Address)))
        {
            session = await NextSessionAsync(leader);
            Assert.Equal(("media-1", "a", $"127.0.0.1:{GrpcPort}"), (session.Hello.NodeId, session.Hello.Zone, session.Hello.Address));
            Assert.NotEqual(0ul, session.Hello.Incarnation);

            // The reservation comes after the request for the seat: the node waits for it.
            session.Assign("standup", 20);
            var taking = admission.TakeSeatAsync(new TakeSeatRequest { RoomId = "standup", Epoch = 20, Identity = "ann", SeatId = 1 })
                .ResponseAsync;
            session.Tell(new AgentDirective { Seat = new SeatGranted { RoomId = "standup", Epoch = 20, Participant = Seat("ann", 1) } });
            var granted = await taking;
            Assert.Equal(("media-1", 20ul), (granted.NodeId, granted.Epoch));
            Assert.InRange(granted.LeaseLeftMs, 1u, 5_000u);
            await Eventually.HoldsAsync(() => session.Reports.Any(r => r is { Epoch: 20, Joined: { Identity: "ann", SeatId: 1 } }),
                "the join is reported");

            var authority = await admission.GetAuthorityAsync(new GetAuthorityRequest());
            Assert.Equal(("standup", 20ul, 1u), (authority.Rooms[0].RoomId, authority.Rooms[0].Epoch, authority.Rooms[0].Participants));
            Assert.Equal(session.Hello.Incarnation, authority.Incarnation);
            var statistics = new StatisticsService.StatisticsServiceClient(pool.Get($"127.0.0.1:{GrpcPort}"));
            var measured = await statistics.GetRoomStatisticsAsync(new GetRoomStatisticsRequest { RoomId = "standup" });
            // no client has come with its media
            Assert.Equal(("media-1", 20ul, 0), (measured.NodeId, measured.Epoch, measured.Participants.Count));
            Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () =>
                await statistics.GetRoomStatisticsAsync(new GetRoomStatisticsRequest { RoomId = "elsewhere" }))).StatusCode);
            await Eventually.HoldsAsync(() => session.Heartbeats.Any(h => h.Load is { Rooms: 1, Publishers: 0, MemoryBytes: > 10_000_000 }),
                "the load is measured: the room is held, and nobody sends yet");

            await admission.LeaveSeatAsync(new LeaveSeatRequest { RoomId = "standup", Epoch = 20, Identity = "ann", SeatId = 1 });
            await Eventually.HoldsAsync(() => session.Reports.Any(r => r.Left is { SeatId: 1 }), "the leave is reported");
        }
        Assert.Contains(session.Reports, r => r is { RoomId: "standup", Epoch: 20, KindCase: RoomReport.KindOneofCase.Released });
        Assert.True(session.Heartbeats.Last().Leaving);
        Assert.True(session.EndedInOrder, "the node ended its stream as one who leaves");
    }

    [Fact]
    public async Task What_a_broken_stream_did_not_get_into_the_log_is_sent_again_and_rooms_are_named()
    {
        await using var leader = await FakeLeader.StartAsync(LeaderPort);
        using var pool = new ChannelPool();
        var admission = new AdmissionService.AdmissionServiceClient(pool.Get($"127.0.0.1:{GrpcPort}"));
        await using var app = await StartReadyAsync(Options(leader.Address));
        var first = await NextSessionAsync(leader);
        first.AcknowledgesReports = false;
        first.Assign("standup", 20, Seat("ann", 1));
        await admission.TakeSeatAsync(new TakeSeatRequest { RoomId = "standup", Epoch = 20, Identity = "ann", SeatId = 1 });
        await Eventually.HoldsAsync(() => !first.Reports.IsEmpty, "the join is reported");
        first.Break();
        var second = await NextSessionAsync(leader);
        Assert.Equal(first.Hello.Incarnation, second.Hello.Incarnation);
        Assert.Equal(("standup", 20ul), (second.Hello.Held[0].RoomId, second.Hello.Held[0].Epoch));
        await Eventually.HoldsAsync(() => second.Reports.Any(r => r is { Sequence: 1, Joined.Identity: "ann" }),
            "the join is reported again");
    }

    [Fact]
    public async Task An_expelled_node_comes_back_as_a_new_incarnation_that_holds_nothing()
    {
        await using var leader = await FakeLeader.StartAsync(LeaderPort);
        await using var app = await StartReadyAsync(Options(leader.Address));
        var first = await NextSessionAsync(leader);
        first.Assign("standup", 20);
        first.Tell(new AgentDirective { Expelled = new Expelled { Reason = "lost" } });
        var second = await NextSessionAsync(leader);
        Assert.NotEqual(first.Hello.Incarnation, second.Hello.Incarnation);
        Assert.Empty(second.Hello.Held);
    }

    [Fact]
    public async Task A_leader_that_falls_silent_is_left_and_its_successor_found()
    {
        await using var silent = await FakeLeader.StartAsync(LeaderPort);
        await using var successor = await FakeLeader.StartAsync(OtherPort);
        silent.Acknowledges = false;
        await using var app = await MediaNodeApp.StartAsync(Options(silent.Address, successor.Address), CancellationToken.None);
        await NextSessionAsync(silent);
        await NextSessionAsync(successor);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await app.WaitForReadyAsync(limit.Token);
    }

    /// <summary>Dashboards ask for them by these names.</summary>
    private static readonly string[] Figures =
    [
        "videoscale_media_lease_left_seconds", "videoscale_media_rooms", "videoscale_media_publishers", "videoscale_media_subscribers",
        "videoscale_media_reports_pending", "videoscale_media_packets_total{direction=\"in\"}",
        "videoscale_media_packets_total{direction=\"out\"}", "videoscale_media_octets_total{direction=\"in\"}",
        "videoscale_media_octets_total{direction=\"out\"}", "videoscale_media_send_dropped_total",
        "videoscale_media_packets_dropped_total{reason=\"unreachable\"}", "videoscale_media_packets_dropped_total{reason=\"refused\"}",
        "videoscale_media_packets_dropped_total{reason=\"no_room\"}", "videoscale_media_packets_dropped_total{reason=\"shard_behind\"}",
        "videoscale_media_strangers_total", "videoscale_media_checks_refused_total{integrity=\"computed\"}",
        "videoscale_media_checks_refused_total{integrity=\"not_computed\"}", "videoscale_media_connections",
        "videoscale_media_connections_refused_total", "process_cpu_seconds_total", "process_resident_memory_bytes",
    ];

    [Fact]
    public async Task Refusals_name_field_value_and_rule_and_probes_tell_life_from_readiness()
    {
        using var pool = new ChannelPool();
        var admission = new AdmissionService.AdmissionServiceClient(pool.Get($"127.0.0.1:{GrpcPort}"));
        await using var app = await MediaNodeApp.StartAsync(Options($"127.0.0.1:{LeaderPort}"), CancellationToken.None); // nobody there
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{HttpPort}") };
        Assert.True((await http.GetAsync(new Uri("/healthz", UriKind.Relative))).IsSuccessStatusCode);
        Assert.Equal(503, (int)(await http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        foreach (var figure in Figures) Assert.Contains($"\n{figure} ", metrics, StringComparison.Ordinal);
        Assert.Contains("videoscale_media_lease_left_seconds 0", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("videoscale_rpc", metrics, StringComparison.Ordinal); // others of the process are not the node's

        var wrong = await Assert.ThrowsAsync<RpcException>(() =>
            admission.TakeSeatAsync(new TakeSeatRequest { RoomId = "a b", Epoch = 1, Identity = "x", SeatId = 1 }).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, wrong.StatusCode);
        Assert.StartsWith("room_id: \"a b\"", wrong.Status.Detail, StringComparison.Ordinal);
        var noEpoch = await Assert.ThrowsAsync<RpcException>(() =>
            admission.TakeSeatAsync(new TakeSeatRequest { RoomId = "a", Identity = "x", SeatId = 1 }).ResponseAsync);
        Assert.StartsWith("epoch: 0", noEpoch.Status.Detail, StringComparison.Ordinal);
        var ended = await Assert.ThrowsAsync<RpcException>(() =>
            admission.TakeSeatAsync(new TakeSeatRequest { RoomId = "a", Epoch = 1, Identity = "x", SeatId = 1 }).ResponseAsync);
        Assert.Equal(StatusCode.FailedPrecondition, ended.StatusCode);
        Assert.Contains("lease has ended", ended.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line()
    {
        await using var first = await MediaNodeApp.StartAsync(Options($"127.0.0.1:{LeaderPort}"), CancellationToken.None);
        foreach (var (port, change) in new (int, Action<MediaNodeOptions>)[] { (GrpcPort, options => options.UdpPort += 50),
            (UdpPort, options => (options.GrpcPort, options.HttpPort) = (options.GrpcPort + 50, options.HttpPort + 50)) })
        {
            var options = Options($"127.0.0.1:{LeaderPort}");
            change(options);
            var refused = await Assert.ThrowsAsync<StartupException>(() => MediaNodeApp.StartAsync(options, CancellationToken.None));
            Assert.Equal(ExitCode.PortInUse, refused.Code);
            Assert.Contains($"{port}", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
        }
        var shared = Options($"127.0.0.1:{LeaderPort}");
        (shared.UdpPort, shared.TcpPort) = (shared.UdpPort + 50, UdpPort);
        var tcp = await Assert.ThrowsAsync<StartupException>(() => MediaNodeApp.StartAsync(shared, CancellationToken.None));
        Assert.Contains($"TCP port {UdpPort}", tcp.Message, StringComparison.Ordinal);
    }
}
