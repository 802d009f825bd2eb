using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.EndToEnd.Tests;

/// <summary>What media nodes report of their load follows what they carry.</summary>
[Collection(nameof(Stage))]
public sealed class LoadTests(Stage stage)
{
    [Fact]
    public async Task Every_figure_of_a_load_report_moves_with_a_call()
    {
        const string Room = "loaded";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        var node = (await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).GetRoomAsync(new GetRoomRequest { RoomId = Room })).Room.NodeId;
        await ReportsAsync(node, "an empty call",
            load => load is { Publishers: 0, Subscribers: 0, EgressPps: < 20, Rooms: > 0, MemoryBytes: > 10_000_000 });
        await ann.PublishAsync();
        await ReportsAsync(node, "somebody who publishes, and nobody who receives",
            load => load is
            {
                Publishers: 1, Subscribers: 0, IngressKbps: > 100, IngressPps: > 40, JitterUs: > 0, PacketQueueUs: > 0,
                CpuPermille: > 0
            });
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        await ReportsAsync(node, "somebody who receives",
            load => load is { Publishers: 1, Subscribers: 1, EgressKbps: > 100, EgressPps: > 40 });
        await ReportsAsync(node, "a slope of the CPU", load => load.CpuSlopePermillePerMinute != 0);
        await ann.RunAsync("room.disconnect().then(() => 1)");
        await ReportsAsync(node, "nobody who publishes",
            load => load is { Publishers: 0, Subscribers: 0, IngressPps: < 20, EgressPps: < 20 });
    }

    private async Task ReportsAsync(string node, string what, Func<V1.Load, bool> holds)
    {
        V1.Load? last = null;
        await Eventually.HoldsAsync(async () =>
        {
            var leader = await stage.Cluster.WaitForLeaderAsync(); // it alone hears the agents
            last = (await stage.Cluster.Nodes(leader).GetNodeAsync(new GetNodeRequest { NodeId = node })).Node.Load;
            return last is not null && holds(last);
        }, $"{node} reports {what}", details: () => $"{last}");
    }
}
