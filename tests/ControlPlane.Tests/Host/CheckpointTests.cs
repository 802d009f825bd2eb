using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class CheckpointTests
{
    [Fact]
    public async Task Voters_agree_on_a_checkpoint_and_a_restarted_replica_comes_to_the_same_hashes()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        for (var i = 0; i < 20; i++) await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"r{i}",
            RoomId = $"room-{i}",
        });
        await MarkAsync(cluster);
        var restarted = cluster.FollowerIndex;
        await cluster.Clusters(restarted).CreateSnapshotAsync(new CreateSnapshotRequest());
        await cluster.StopAsync(restarted);
        await cluster.Rooms(cluster.LeaderIndex).CreateRoomAsync(new CreateRoomRequest { RequestId = "late", RoomId = "late" });
        await cluster.StartAsync_(restarted);
        await cluster.WaitReadyAsync();
        await MarkAsync(cluster);
        await Eventually.HoldsAsync(async () =>
        {
            var all = new List<GetStatusReply>();
            for (var i = 0; i < 3; i++) all.Add(await cluster.Clusters(i).GetStatusAsync(new GetStatusRequest()));
            return all.Select(s => (s.StateHash, s.ChainHead, s.EventSeq)).Distinct().Count() == 1
                && all.All(s => s is { CheckpointIndex: > 0, Quarantined: false });
        }, "all three have the same hashes");
    }

    [Fact]
    public async Task A_replica_whose_state_differs_quarantines_itself_and_the_others_go_on()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "r", RoomId = "room" });
        var odd = cluster.FollowerIndex;
        cluster.Hooks[odd].FalsifyStateHash(1);
        await MarkUntilAsync(cluster, () => cluster[odd].Replica.Core.Gate.IsQuarantined);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await cluster.Rooms(odd)
            .GetRoomAsync(new GetRoomRequest { RoomId = "room", Consistency = Consistency.Stale }));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.False(cluster[odd].Replica.Core.IsReady);
        var sound = cluster.LeaderIndex;
        await cluster.Rooms(sound).CreateRoomAsync(new CreateRoomRequest { RequestId = "s", RoomId = "second" });
        Assert.All(Enumerable.Range(0, 3).Where(i => i != odd), i => Assert.False(cluster[i].Replica.Core.Gate.IsQuarantined));
    }

    [Fact]
    public async Task A_leader_whose_state_differs_steps_down()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "r", RoomId = "room" });
        var odd = cluster.LeaderIndex;
        cluster.Hooks[odd].FalsifyStateHash(1);
        await MarkUntilAsync(cluster, () => cluster[odd].Replica.Core.Gate.IsQuarantined);
        await Eventually.HoldsAsync(() => cluster.LeaderIndex is >= 0 and var leader && leader != odd, "another replica leads");
        var other = Enumerable.Range(0, 3).First(i => i != odd);
        Assert.Equal("second", (await cluster.Rooms(other).CreateRoomAsync(new CreateRoomRequest { RequestId = "s", RoomId = "second" },
            deadline: DateTime.UtcNow.AddSeconds(30))).RoomId);
    }

    [Fact]
    public async Task When_no_state_has_a_majority_everything_stops()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "r", RoomId = "room" });
        var leader = cluster[cluster.LeaderIndex];
        for (var i = 0; i < 3; i++) cluster.Hooks[i].FalsifyStateHash((ulong)i + 1);
        await MarkUntilAsync(cluster, () => leader.Fatal.IsCompleted);
        Assert.Contains("majority", (await leader.Fatal).Message, StringComparison.Ordinal);
    }

    private static async Task MarkAsync(TestCluster cluster)
    {
        var before = (await cluster.Clusters(0).GetStatusAsync(new GetStatusRequest())).CheckpointIndex;
        await MarkUntilAsync(cluster, () => cluster[0].Replica.Core.Queries.ReadNowAsync(0,
            static (state, _, _) => state.Cluster.Checkpoint.Index).AsTask().GetAwaiter().GetResult() > before);
    }

    private static async Task MarkUntilAsync(TestCluster cluster, Func<bool> holds) => await Eventually.HoldsAsync(async () =>
    {
        if (holds()) return true;
        if (cluster.LeaderIndex is >= 0 and var leader) await cluster[leader].Replica.Checkpoints.Loop.MarkAsync(CancellationToken.None);
        await Task.Delay(100);
        return holds();
    }, "a checkpoint says so");
}
