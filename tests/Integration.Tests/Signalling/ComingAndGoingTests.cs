using LiveKit.Proto;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Signalling;
using GetNodeRequest = VideoScale.V1.GetNodeRequest;
using GetRoomRequest = VideoScale.V1.GetRoomRequest;
using MoveRoomRequest = VideoScale.V1.MoveRoomRequest;
using NodeHealth = VideoScale.V1.NodeHealth;
using RemoveParticipantRequest = VideoScale.V1.RemoveParticipantRequest;

namespace VideoScale.Integration.Tests.Signalling;

/// <summary>Three replicas and two media nodes, shared by the tests of this folder.</summary>
public sealed class SignalStage : IAsyncLifetime
{
    internal const int BasePort = 22_500;

    internal TestCluster Cluster { get; private set; } = null!;

    /// <summary>Where clients reach a replica; more than three go round.</summary>
    internal string Gateway(int i) => Cluster.Replicas[i % Cluster.Replicas.Count].HttpAddress;

    public async Task InitializeAsync() => Cluster = await TestCluster.StartAsync(replicas: 3, media: 2, BasePort);

    public async Task DisposeAsync() => await Cluster.DisposeAsync();
}

/// <summary>Joining, leaving and coming back as clients do it, over sockets that break whenever they like.</summary>
public sealed class ComingAndGoingTests(SignalStage stage) : IClassFixture<SignalStage>
{
    [Fact]
    public async Task Whoever_leaves_and_closes_in_the_same_turn_has_left()
    {
        using var ann = await SignalClient.JoinAsync(stage.Gateway(0), "leaving", "ann");
        for (var wave = 0; wave < 8; wave++)
        {
            var names = Enumerable.Range(0, 20).Select(i => $"w{wave}-{i}").ToList();
            var guests = await Task.WhenAll(names.Select((name, i) => SignalClient.JoinAsync(stage.Gateway(i), "leaving", name)));
            await Task.WhenAll(guests.Select(guest => guest.LeaveAsync()));
            foreach (var name in names) await ann.HearsLeavingAsync(name);
            foreach (var guest in guests) guest.Dispose();
        }
    }

    [Fact]
    public async Task A_media_node_that_is_told_to_end_gives_its_rooms_up_and_those_in_them_go_on_elsewhere()
    {
        const string Room = "node-ends";
        using var ann = await SignalClient.JoinAsync(stage.Gateway(0), Room, "ann");
        var rooms = stage.Cluster.Rooms(stage.Cluster.Replicas[0]);
        var owner = (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = Room })).Room.NodeId;
        var node = stage.Cluster.Media.Single(one => one.NodeId == owner);
        try
        {
            Assert.True(await node.StopAsync() == 0, node.Log);
            await Eventually.HoldsAsync(async () => (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = Room }))
                .Room is { NodeId: var now } && now != owner && now.Length > 0, "the room is elsewhere",
                details: () => node.Log);
            await ann.HearsAsync(response => response.Leave is not null, "that it shall come back");
            await Eventually.HoldsAsync(async () => (await stage.Cluster.Nodes(stage.Cluster.Replicas[0])
                .GetNodeAsync(new GetNodeRequest { NodeId = owner })).Node.Health == NodeHealth.Left,
                "the node is known to have left", details: () => node.Log);
        }
        finally
        {
            if (!node.IsRunning) node.Start();
            await node.WaitForReadyAsync();
        }
    }

    [Fact]
    public async Task Whoever_comes_back_through_another_replica_hears_who_left_and_nobody_hears_that_it_was_away()
    {
        const string Room = "away";
        var ann = await SignalClient.JoinAsync(stage.Gateway(0), Room, "ann");
        using var bob = await SignalClient.JoinAsync(stage.Gateway(1), Room, "bob");
        using var cat = await SignalClient.JoinAsync(stage.Gateway(2), Room, "cat");
        ann.Break();
        await bob.LeaveAsync();
        await cat.HearsLeavingAsync("bob");
        using var back = await SignalClient.ResumeAsync(stage.Gateway(1), SignalClient.Token(Room, "ann"), ann.Sid);
        await back.HearsAsync(response => response.Reconnect is not null, "that it is back");
        await back.HearsLeavingAsync("bob");
        await back.HearsOfAsync("cat", info => info.State != ParticipantInfo.Types.State.Disconnected, "the presence");
        // Half-open: the old socket stands, the new one wins at once.
        using var again = await SignalClient.ResumeAsync(stage.Gateway(2), SignalClient.Token(Room, "ann"), ann.Sid);
        await again.HearsAsync(response => response.Reconnect is not null, "that it is back");
        await Eventually.HoldsAsync(() => back.IsClosed, "the older socket is closed");
        await again.LeaveAsync();
        await cat.HearsLeavingAsync("ann");
        Assert.Single(cat.Told, response => response.Update?.Participants.Any(info => info.Identity == "ann"
            && info.State == ParticipantInfo.Types.State.Disconnected) == true);
    }

    [Fact]
    public async Task A_fresh_token_lets_a_client_back_whose_own_has_run_out_with_what_it_was_promoted_to()
    {
        const string Room = "fresh";
        var (own, joined) = await JoinWithLittleTimeAsync();
        using var ann = joined;
        await Eventually.HoldsAsync(() => ann.Refreshed is not null, "the first token");
        var first = ann.Refreshed;
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", SignalClient.Token(Room, "admin", video => video["roomAdmin"] = true));
        using var body = new StringContent("""{"room":"fresh","identity":"ann","permission":{"canSubscribe":true,"canPublish":true}}""",
            System.Text.Encoding.UTF8, "application/json");
        using var changed = await http.PostAsync($"http://{stage.Gateway(1)}/twirp/livekit.RoomService/UpdateParticipant", body);
        Assert.True(changed.IsSuccessStatusCode);
        await Eventually.HoldsAsync(() => ann.Refreshed != first, "a token that says so");
        ann.Break();
        await Eventually.HoldsAsync(async () => await StatusAsync(own) == 401, "her own has run out", TimeSpan.FromSeconds(90));
        using var back = await SignalClient.ResumeAsync(stage.Gateway(2), ann.Refreshed!, ann.Sid);
        await back.HearsAsync(response => response.Reconnect is not null, "that it is back");
        await back.HearsOfAsync("ann", info => info.Permission.CanPublish, "the promotion");
        using var anew = await SignalClient.JoinAsync(stage.Gateway(1), ann.Refreshed!);
        Assert.True(anew.Told[0].Join.Participant.Permission.CanPublish);
        await back.HearsAsync(response => response.Leave?.Reason == DisconnectReason.DuplicateIdentity, "that it joined elsewhere");

        // A token within the minute that clocks may differ, with 15 s left: one that ran out on the way to a busy machine is made anew.
        async Task<(string Token, SignalClient Client)> JoinWithLittleTimeAsync()
        {
            for (var attempt = 0; ; attempt++)
            {
                var token = SignalClient.Token(Room, "ann", video => video["canPublish"] = false, livesSeconds: -45);
                try { return (token, await SignalClient.JoinAsync(stage.Gateway(0), token)); }
                catch (System.Net.WebSockets.WebSocketException) when (attempt < 10) { }
            }
        }

        async Task<int> StatusAsync(string token)
        {
            using var anybody = new HttpClient();
            using var reply = await anybody.GetAsync($"http://{stage.Gateway(0)}/rtc/v1/validate?access_token={token}");
            return (int)reply.StatusCode;
        }
    }

    [Fact]
    public async Task Who_was_removed_while_away_is_told_so_and_who_leaves_may_join_again_at_once()
    {
        const string Room = "removed";
        using var bob = await SignalClient.JoinAsync(stage.Gateway(1), Room, "bob");
        var ann = await SignalClient.JoinAsync(stage.Gateway(0), Room, "ann");
        ann.Break();
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).RemoveParticipantAsync(new RemoveParticipantRequest
        {
            RequestId = "remove",
            RoomId = Room,
            Identity = "ann",
            Reason = "test",
        });
        await bob.HearsLeavingAsync("ann", DisconnectReason.ParticipantRemoved);
        using var back = await SignalClient.ResumeAsync(stage.Gateway(2), SignalClient.Token(Room, "ann"), ann.Sid);
        await back.HearsAsync(response => response.Leave
            is { Reason: DisconnectReason.ParticipantRemoved, Action: LeaveRequest.Types.Action.Disconnect }, "that it was removed");
        using var never = await SignalClient.ResumeAsync(stage.Gateway(0), SignalClient.Token(Room, "cat"), "PA_never");
        await never.HearsAsync(response => response.Leave
            is { Reason: DisconnectReason.StateMismatch, Action: LeaveRequest.Types.Action.Reconnect }, "that there is none");
        for (var i = 0; i < 3; i++)
        {
            var dan = await SignalClient.JoinAsync(stage.Gateway(i), Room, "dan");
            await dan.LeaveAsync();
        }
        using var last = await SignalClient.JoinAsync(stage.Gateway(0), Room, "dan");
        await bob.HearsOfAsync("dan", info => info.Sid == last.Sid, "the joining");
    }

    [Fact]
    public async Task Who_froze_with_its_socket_open_is_gone_and_who_only_says_nothing_is_not()
    {
        const string Room = "frozen";
        using var ann = await SignalClient.JoinAsync(stage.Gateway(0), Room, "ann");
        // an old client, which answers WebSocket's pings alone
        using var silent = await SignalClient.JoinAsync(stage.Gateway(2), Room, "silent");
        using var frozen = await SignalClient.JoinAsync(stage.Gateway(1), Room, "frozen");
        using var broken = await SignalClient.JoinAsync(stage.Gateway(1), Room, "broken");
        // as a process that is stopped: its machine takes what comes, and nothing answers
        using var stopped = await StoppedClient.JoinAsync(stage.Gateway(1), SignalClient.Token(Room, "stopped"));
        await frozen.SayAsync(new SignalRequest { PingReq = new Ping { Timestamp = 1 } });
        await frozen.HearsAsync(response => response.PongResp is not null, "an answer");
        broken.Break();
        await ann.HearsLeavingAsync("frozen", DisconnectReason.ConnectionTimeout);
        await ann.HearsLeavingAsync("stopped", DisconnectReason.ConnectionTimeout);
        Assert.False(ann.KnowsLeaving("broken")); // it may still come back
        Assert.False(ann.KnowsLeaving("silent"));
    }

    [Fact]
    public async Task Whoever_follows_its_room_to_another_node_sees_what_was_said_of_it_during_the_move()
    {
        const string Room = "racing";
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", SignalClient.Token(Room, "admin", video => video["roomAdmin"] = true));
        var ann = await SignalClient.JoinAsync(stage.Gateway(0), Room, "ann");
        var sid = ann.Sid;
        for (var round = 0; round < 4; round++)
        {
            var newest = $"round {round}";
            var moving = stage.Cluster.Rooms(stage.Cluster.Replicas[0])
                .MoveRoomAsync(new MoveRoomRequest { RequestId = $"race-{round}", RoomId = Room }).ResponseAsync;
            await Task.Delay(round * 40); // somewhere between being revoked and having a new owner
            using var body = new StringContent($$"""{"room":"{{Room}}","metadata":"{{newest}}"}""", System.Text.Encoding.UTF8,
                "application/json");
            using var changed = await http.PostAsync($"http://{stage.Gateway(1)}/twirp/livekit.RoomService/UpdateRoomMetadata", body);
            Assert.True(changed.IsSuccessStatusCode);
            await moving;
            await ann.HearsAsync(response => response.Leave is not null, "where to go");
            var goesOn = ann.Told.First(response => response.Leave is not null).Leave.Action == LeaveRequest.Types.Action.Resume;
            ann.Dispose();
            ann = goesOn ? await SignalClient.ResumeAsync(stage.Gateway(round), SignalClient.Token(Room, "ann"), sid)
                : await SignalClient.JoinAsync(stage.Gateway(round), Room, "ann");
            await ann.HearsAsync(response => response.Reconnect is not null || response.Join is not null, "that it is back");
            if (!goesOn) sid = ann.Sid;
            await ann.HearsAsync(response => (response.Join?.Room ?? response.RoomUpdate?.Room)?.Metadata == newest, newest);
        }
        ann.Dispose();
    }
}
