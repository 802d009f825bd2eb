using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Google.Protobuf;
using Grpc.Core;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What callers of a replica without a leader are told, and that nobody waits for one that leads no more.</summary>
public sealed class LeaderlessTests
{
    [Fact]
    public async Task Without_a_leader_writes_and_reads_are_refused_before_their_deadline_and_say_why()
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.LoseLeadership();
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Leadership.Now.Leader.IsNone, "it knows");
        Task[] calls =
        [
            replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" },
                deadline: DateTime.UtcNow.AddMinutes(10)).ResponseAsync,
            replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "a" }, deadline: DateTime.UtcNow.AddMinutes(10)).ResponseAsync,
        ];
        foreach (var call in calls) Explains(await Assert.ThrowsAsync<RpcException>(() => call));
        Assert.True(replica.App.Replica.Core.Absence.IsLong);
        Explains(await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "a" }, deadline: DateTime.UtcNow.AddMinutes(10))));
        replica.Log.BecomeLeader();
        Assert.Equal("a", (await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" })).RoomId);
    }

    [Fact]
    public async Task What_is_wrong_with_the_log_is_said_where_no_voter_is_silent()
    {
        var status = StubLog.StatusOf(Consensus.Membership.Of(StubLog.One, StubLog.Two, StubLog.Three));
        await using var log = new StubLog(status);
        await using var leadership = new Leadership(log);
        var absence = new LeaderAbsence(leadership, new MemberBook(new ClusterFiles("c1", StubLog.One, []), log), log,
            new ElectionTiming());
        Assert.Contains("an election is under way among 3 voters", absence.Refusal(mayBeDone: false).Message, StringComparison.Ordinal);
        log.Show(() => status with { Notices = ["no answer of etcd at http://127.0.0.1:2379"] });
        var told = absence.Refusal(mayBeDone: false).Message;
        Assert.Contains("no answer of etcd at http://127.0.0.1:2379", told, StringComparison.Ordinal);
        Assert.DoesNotContain("election", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_would_join_is_refused_before_its_socket_is_opened()
    {
        await using var replica = await FakeReplica.StartAsync();
        var token = SignalClient.Token("standup", "ann");
        replica.Log.LoseLeadership();
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Absence.IsLong, "no leader has been known for long");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await JoinAsync());
        using var http = new HttpClient();
        using var told = await http.GetAsync(new Uri($"http://127.0.0.1:{replica.Options.HttpPort}/rtc/v1/validate?access_token={token}"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, told.StatusCode);
        Assert.StartsWith("no leader is known here", await told.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var back = new LiveKit.Proto.WrappedJoinRequest
        {
            JoinRequest = new LiveKit.Proto.JoinRequest
            {
                Reconnect = true,
                ParticipantSid = "PA_1"
            }.ToByteString()
        };
        // a session that lives on needs no leader
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await JoinAsync(Uri.EscapeDataString(back.ToByteString().ToBase64())));
        replica.Log.BecomeLeader();
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Leadership.IsMine, "it leads again");
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await JoinAsync());

        async Task<HttpStatusCode> JoinAsync(string join = "")
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            try
            {
                await socket.ConnectAsync(
                    new Uri($"ws://127.0.0.1:{replica.Options.HttpPort}/rtc/v1?access_token={token}&join_request={join}"),
                    CancellationToken.None);
            }
            catch (WebSocketException) { }
            return socket.HttpStatusCode;
        }
    }

    [Fact]
    public async Task A_leader_that_comes_in_time_serves_the_call_that_waited()
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.LoseLeadership();
        await Eventually.HoldsAsync(() => !replica.App.Replica.Core.Leadership.IsMine, "it knows");
        var call = replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        replica.Log.BecomeLeader();
        Assert.Equal("a", (await call).RoomId);
    }

    [Fact]
    public async Task A_call_forwarded_to_a_leader_that_is_silent_is_let_go_when_another_leads()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var replica = await FakeReplica.StartAsync(peerGrpcAddress: silent.LocalEndpoint.ToString());
        replica.Log.LoseLeadership(replica.Peer);
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Leadership.Now.Leader == replica.Peer, "it follows the silent one");
        var call = replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" },
            deadline: DateTime.UtcNow.AddMinutes(10));
        await Eventually.HoldsAsync(silent.Pending, "the call is on its way to it");
        Assert.False(call.ResponseAsync.IsCompleted);
        replica.Log.BecomeLeader();
        Assert.Equal("a", (await call).RoomId);
    }

    [Fact]
    public async Task Watches_and_subscriptions_end_when_the_leader_is_gone_and_are_refused_then()
    {
        await using var replica = await FakeReplica.StartAsync();
        var audit = new AuditService.AuditServiceClient(replica.Channel);
        using var rooms = replica.Rooms.WatchRooms(new WatchRoomsRequest());
        using var events = audit.Subscribe(new SubscribeRequest());
        await rooms.ResponseHeadersAsync;
        await events.ResponseHeadersAsync;
        replica.Log.LoseLeadership();
        Explains(await Assert.ThrowsAsync<RpcException>(() => rooms.ResponseStream.MoveNext(CancellationToken.None)));
        Explains(await Assert.ThrowsAsync<RpcException>(async () =>
            { while (await events.ResponseStream.MoveNext(CancellationToken.None)) { } }));
        using var again = replica.Rooms.WatchRooms(new WatchRoomsRequest());
        Explains(await Assert.ThrowsAsync<RpcException>(() => again.ResponseStream.MoveNext(CancellationToken.None)));
        replica.Log.BecomeLeader();
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Leadership.IsMine, "it leads again");
        using var later = audit.Subscribe(new SubscribeRequest { FromSeq = 1 });
        Assert.True(await later.ResponseStream.MoveNext(CancellationToken.None));
    }

    private static void Explains(RpcException refused)
    {
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Contains("no leader is known", refused.Status.Detail, StringComparison.Ordinal);
    }
}
