using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Nodes that leave, that share a name, that cannot be emptied: what becomes of the others and of their rooms.</summary>
public sealed class FleetTests
{
    [Fact]
    public async Task Nodes_that_left_by_themselves_do_not_protect_a_dead_one_whose_rooms_go_elsewhere()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var dead = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-0", 10))).KeepBeating();
        var room = await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "c", RoomId = "standup" });
        Assert.Equal("media-0", room.NodeId);
        for (var i = 1; i <= 3; i++)
        {
            var leaves = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello($"media-{i}", 10 + (ulong)i))).KeepBeating();
            await leaves.SayLeavingAsync();
            await Eventually.HoldsAsync(() => leaves.Acks.Any(), "the leader has heard it");
            await leaves.DisposeAsync();
        }
        await using var healthy = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-4", 14))).KeepBeating();
        await Eventually.HoldsAsync(async () => (await cluster.Nodes(0).ListNodesAsync(new ListNodesRequest()))
            .Nodes.Count(node => node.Health == NodeHealth.Left) == 3, "three have left");
        await dead.DisposeAsync();
        await healthy.ToldAsync(d => d.Assign?.RoomId == "standup" && d.Assign.Epoch > room.Epoch, "of the dead node's room");
        Assert.Equal("", (await cluster.Nodes(0).ListNodesAsync(new ListNodesRequest())).Note);
        // its next process comes back at once
        await using var again = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 99))).KeepBeating();
        Assert.Equal(NodeHealth.Healthy, (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" })).Node.Health);
    }

    [Fact]
    public async Task A_second_process_of_a_name_is_refused_as_long_as_the_first_is_heard_and_leaves_nothing_in_the_log()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var first = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        for (var i = 0; i < 20; i++)
        {
            await using var second = await ScriptedAgent.AttachAsync(cluster.Channel(0), ScriptedAgent.Hello("media-1", 22));
            Assert.Equal(StatusCode.AlreadyExists, second.Ended!.StatusCode);
            Assert.Contains("two processes have one name", second.Ended.Status.Detail, StringComparison.Ordinal);
        }
        Assert.False(first.IsExpelled);
        Assert.Single(await EventsAsync(cluster), e => e.Type == "MediaNodeRegistered");
        await first.DisposeAsync(); // it stops: the name is free at once, not at the end of a lease
        await using var next = await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 22));
        Assert.Equal(2, (await EventsAsync(cluster)).Count(e => e.Type == "MediaNodeRegistered"));
    }

    [Fact]
    public async Task Rooms_that_can_go_nowhere_do_not_hold_up_a_drain_and_it_says_what_blocks()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var hello = ScriptedAgent.Hello("media-1", 11);
        hello.Region = "eu";
        await using var full = (await ScriptedAgent.AttachAsync(cluster, hello)).KeepBeating().KeepReleasing();
        for (var i = 0; i < 40; i++) await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"b{i}",
            RoomId = $"bound-{i:00}",
            Region = "eu",
        });
        for (var i = 0; i < 5; i++) await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"f{i}",
            RoomId = $"free-{i}",
        });
        await using var other = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-2", 22))).KeepBeating();
        var drain = await cluster.Nodes(0).DrainNodeAsync(new DrainNodeRequest
        {
            RequestId = "d1",
            NodeId = "media-1",
            WithinSeconds = 3_600,
        });
        var sooner = await cluster.Nodes(0).DrainNodeAsync(new DrainNodeRequest { RequestId = "d2", NodeId = "media-1" });
        Assert.InRange(drain.DeadlineMs - sooner.DeadlineMs, 3_000_000, 3_600_000); // a second drain is taken
        Assert.Equal(NodeScheduling.Draining, sooner.Scheduling);
        for (var i = 0; i < 5; i++) await other.ToldAsync(d => d.Assign?.RoomId == $"free-{i}", $"of free-{i}");
        await Eventually.HoldsAsync(async () => (await EventsAsync(cluster)).Any(e => e.Type == "DrainBlocked"
            && e.PayloadJson.Contains("region eu", StringComparison.Ordinal)), "an event says what blocks");
        var node = (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" })).Node;
        Assert.Equal((40u, 40u, NodeScheduling.Draining), (node.Rooms, node.DrainBlockedRooms, node.Scheduling));
        Assert.Equal(
            "bound-00: it is bound to region eu, and there is no other node in region eu; start one in region eu, or close the room",
            node.DrainBlocked);
        Assert.Contains("is being drained, and the room stays there: it is bound to region eu",
            (await cluster.Rooms(0).ExplainPlacementAsync(new ExplainPlacementRequest { RoomId = "bound-07" })).Note,
            StringComparison.Ordinal);
        var helping = ScriptedAgent.Hello("media-3", 33);
        helping.Region = "eu";
        await using var third = (await ScriptedAgent.AttachAsync(cluster, helping)).KeepBeating();
        await Eventually.HoldsAsync(async () => (await cluster.Nodes(0).GetNodeAsync(new GetNodeRequest { NodeId = "media-1" }))
            .Node.Scheduling == NodeScheduling.Drained, "what was said helps");
        Assert.Equal((NodeScheduling.Drained, 0u), await AgainAsync());

        async Task<(NodeScheduling, uint)> AgainAsync()
        {
            var again = await cluster.Nodes(0).DrainNodeAsync(new DrainNodeRequest { RequestId = "d3", NodeId = "media-1" });
            return (again.Scheduling, again.Rooms);
        }
    }

    private static async Task<List<Event>> EventsAsync(TestCluster cluster)
    {
        await cluster[0].Replica.Core.Events.Reader.WaitAsync(cluster[0].Replica.Core.Events.NextSeq - 1, CancellationToken.None);
        using var all = new AuditService.AuditServiceClient(cluster.Channel(0)).ReadAll(new ReadAllRequest());
        return await all.ResponseStream.ReadAllAsync().ToListAsync();
    }
}
