using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class AgentTests
{
    [Fact]
    public async Task A_node_attaches_gets_rooms_and_seats_and_reports_who_joined()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var agent = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        var created = await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "c", RoomId = "standup" });
        Assert.Equal("media-1", created.NodeId);
        Assert.Equal(RoomStatus.Active, created.Status);
        await agent.ToldAsync(d => d.Assign?.RoomId == "standup" && d.Assign.Epoch == created.Epoch, "of its room");
        var admitted = await cluster.Rooms(0).AdmitParticipantAsync(new AdmitParticipantRequest
        {
            RequestId = "a",
            RoomId = "standup",
            Identity = "ann",
        });
        Assert.Equal(("media-1", "127.0.0.1:9", created.Epoch), (admitted.NodeId, admitted.NodeAddress, admitted.Epoch));
        await agent.ToldAsync(d => d.Seat?.Participant.SeatId == admitted.Participant.SeatId, "of the seat");
        await agent.JoinedAsync("standup", created.Epoch, "ann", admitted.Participant.SeatId);
        await Eventually.HoldsAsync(async () => (await ParticipantsAsync(cluster))
            .Any(p => p is { Identity: "ann", Status: SeatStatus.Joined }), "ann has joined");
        await Eventually.HoldsAsync(() => agent.Acks.Any(ack => ack.ReportsDone == 1), "the report is acknowledged");
        await cluster.Rooms(0).RemoveParticipantAsync(new RemoveParticipantRequest
        {
            RequestId = "x",
            RoomId = "standup",
            Identity = "ann",
            Reason = "test",
        });
        await agent.ToldAsync(d => d.Evict?.SeatId == admitted.Participant.SeatId, "to evict");
        var why = await cluster.Rooms(0).ExplainPlacementAsync(new ExplainPlacementRequest { RoomId = "standup" });
        Assert.Equal(("media-1", created.Epoch, "created"), (why.NodeId, why.Epoch, why.Reason));
        var node = (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" })).Node;
        Assert.Equal((1u, 10u), (node.Rooms, node.Load.CpuPermille));
    }

    [Fact]
    public async Task A_follower_refuses_a_node_and_names_the_leader()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var agent = await ScriptedAgent.AttachAsync(cluster.Channel(cluster.FollowerIndex), ScriptedAgent.Hello("media-1", 11));
        Assert.Equal(StatusCode.FailedPrecondition, agent.Ended!.StatusCode);
        Assert.Equal(cluster.Grpc(cluster.LeaderIndex), agent.Ended.Trailers.GetValue("videoscale-leader"));
    }

    [Fact]
    public async Task Who_leaves_in_order_is_on_record_as_gone_when_its_stream_ends()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        for (var i = 0; i < 5; i++) // a round of the leader's loop may come first, but not five times
        {
            await using var agent = await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello($"media-{i}", 11));
            await agent.SayLeavingAsync();
            await agent.EndInOrderAsync();
            Assert.Equal(StatusCode.OK, agent.Ended!.StatusCode);
            var node = await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = $"media-{i}", Consistency = Consistency.Stale });
            Assert.Equal(NodeHealth.Left, node.Node.Health);
        }
    }

    [Fact]
    public async Task A_room_moves_in_two_commits_and_only_after_the_old_owner_let_go()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var first = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        var created = await CreateAsync(cluster);
        await using var second = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-2", 22))).KeepBeating();
        var admitted = await cluster.Rooms(0).AdmitParticipantAsync(new AdmitParticipantRequest
        {
            RequestId = "a",
            RoomId = "standup",
            Identity = "ann",
        });
        var moved = await cluster.Rooms(0).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = "m",
            RoomId = "standup",
            TargetNodeId = "media-2",
        });
        Assert.Equal(RoomStatus.Revoking, moved.Status);
        await first.ToldAsync(d => d.Revoke?.RoomId == "standup", "to give the room up");
        await Eventually.HoldsAsync(() => first.Acks.Any(ack => ack.GiveUp.Any(held => held.RoomId == "standup")),
            "acknowledgements name it too");
        Assert.DoesNotContain(second.Told, d => d.Assign is not null);
        Assert.Equal(RoomStatus.Revoking, (await RoomAsync(cluster)).Status);
        await first.ReleaseAsync("standup", created.Epoch);
        await second.ToldAsync(d => d.Assign?.RoomId == "standup" && d.Assign.Epoch > created.Epoch
            && d.Assign.Seats.Any(s => s.SeatId == admitted.Participant.SeatId), "of the room, with its seat");
        var room = await RoomAsync(cluster);
        Assert.Equal(("media-2", RoomStatus.Active), (room.NodeId, room.Status));
    }

    [Fact]
    public async Task A_silent_node_is_lost_when_its_lease_ends_and_its_rooms_are_placed_elsewhere()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var first = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        var created = await CreateAsync(cluster);
        await using var second = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-2", 22))).KeepBeating();
        await Eventually.HoldsAsync(() => first.Acks.Any(), "the lease is granted");
        await first.DisposeAsync();
        await second.ToldAsync(d => d.Assign?.RoomId == "standup" && d.Assign.Epoch > created.Epoch, "of the room");
        Assert.Equal(NodeHealth.Lost, (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" })).Node.Health);
        await using var returned = await ScriptedAgent.AttachAsync(cluster.Channel(0),
            ScriptedAgent.Hello("media-1", 11, new HeldRoom { RoomId = "standup", Epoch = created.Epoch }));
        Assert.True(returned.IsExpelled);
        await using var renewed = await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 12));
        Assert.Contains(renewed.Told, d => d.Welcome is not null);
    }

    [Fact]
    public async Task A_heartbeat_is_acknowledged_only_with_a_quorum()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var leader = cluster.LeaderIndex;
        await using var agent = await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11));
        var sent = await agent.BeatAsync();
        await agent.ToldAsync(d => d.HeartbeatAck?.Sequence == sent, "that its heartbeat counts");
        foreach (var i in Enumerable.Range(0, 3).Where(i => i != leader)) await cluster.StopAsync(i);
        var lonely = await agent.BeatAsync();
        await Eventually.HoldsAsync(() => agent.Ended is not null
            || !cluster[leader].Replica.Core.Leadership.IsMine, "the leader steps down without a majority");
        Assert.DoesNotContain(agent.Acks, ack => ack.Sequence == lonely);
    }

    [Fact]
    public async Task What_a_node_holds_without_right_is_named_in_its_first_acknowledgement()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var agent = await ScriptedAgent.AttachAsync(cluster,
            ScriptedAgent.Hello("media-1", 11, new HeldRoom { RoomId = "ghost", Epoch = 3 }));
        var sent = await agent.BeatAsync();
        await agent.ToldAsync(d => d.HeartbeatAck?.Sequence == sent && d.HeartbeatAck.GiveUp.Single() is { RoomId: "ghost", Epoch: 3 },
            "to give the ghost up");
    }

    [Fact]
    public async Task A_drained_node_loses_its_rooms_at_the_deadline_and_is_done_only_when_empty()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var first = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        var created = await CreateAsync(cluster);
        await using var second = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-2", 22))).KeepBeating();
        var drain = await cluster.Nodes(0).DrainNodeAsync(new DrainNodeRequest { RequestId = "d", NodeId = "media-1", WithinSeconds = 0 });
        Assert.Equal(1u, drain.Rooms);
        await first.ToldAsync(d => d.Revoke?.RoomId == "standup", "to give the room up");
        Assert.Equal(NodeScheduling.Draining,
            (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" })).Node.Scheduling);
        await first.ReleaseAsync("standup", created.Epoch);
        await second.ToldAsync(d => d.Assign?.RoomId == "standup", "of the room");
        await Eventually.HoldsAsync(async () => (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" }))
            .Node.Scheduling == NodeScheduling.Drained, "the drain is done");
    }

    [Fact]
    public async Task A_new_process_of_a_name_waits_for_the_lease_of_the_one_before()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var old = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        var created = await CreateAsync(cluster);
        await Eventually.HoldsAsync(() => old.Acks.Any(), "the lease is granted");
        await old.DisposeAsync();
        await using var early = await ScriptedAgent.AttachAsync(cluster.Channel(0), ScriptedAgent.Hello("media-1", 12));
        // the latter until the old connection's end is known
        Assert.Contains(early.Ended?.StatusCode, new StatusCode?[] { StatusCode.FailedPrecondition, StatusCode.AlreadyExists });
        await using var late = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 12))).KeepBeating();
        await late.ToldAsync(d => d.Assign?.RoomId == "standup" && d.Assign.Epoch > created.Epoch, "of the room under a new epoch");
    }

    /// <summary>Created once media-1 is attached, so it must be placed there at once.</summary>
    private static async Task<RoomReply> CreateAsync(TestCluster cluster)
    {
        var created = await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "c", RoomId = "standup" });
        Assert.Equal(("media-1", RoomStatus.Active), (created.NodeId, created.Status));
        return created;
    }

    private static async Task<IEnumerable<Participant>> ParticipantsAsync(TestCluster cluster) =>
        (await cluster.Rooms(0).ListParticipantsAsync(new ListParticipantsRequest { RoomId = "standup" })).Participants;

    private static async Task<Room> RoomAsync(TestCluster cluster) =>
        (await cluster.Rooms(0).GetRoomAsync(new GetRoomRequest { RoomId = "standup" })).Room;
}
