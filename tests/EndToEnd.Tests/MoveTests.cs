using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls go on while what carries them comes and goes.</summary>
[Collection(nameof(Stage))]
public sealed class MoveTests(Stage stage, ITestOutputHelper output)
{
    private const string NotInTime = "cannot be carried to the new owner: the new owner does not answer";

    private async Task<RoomReply> MoveAsync(string room) => await stage.Cluster.Rooms(stage.Cluster.Replicas[0])
        .MoveRoomAsync(new MoveRoomRequest { RequestId = Guid.NewGuid().ToString(), RoomId = room });

    private async Task<string> OwnerAsync(string room) =>
        (await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).GetRoomAsync(new GetRoomRequest { RoomId = room })).Room.NodeId;

    [Fact]
    public async Task A_call_of_four_goes_on_at_another_node_when_its_room_is_moved()
    {
        const string Room = "moving";
        var names = new[] { "ann", "bob", "cid", "dan" };
        var callers = new List<Caller>();
        try
        {
            for (var i = 0; i < names.Length; i++)
            {
                callers.Add(await stage.JoinAsync(i % 3, Room, names[i]));
                await callers[i].PublishAsync(camera: i < 2, microphone: i < 2, height: i == 0 ? Caller.ThreeLayers : 180);
            }
            foreach (var caller in callers) await caller.SeesAsync(caller.Identity == "ann" ? "bob" : "ann");
            using var eve = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, "eve"));
            await eve.HasAsync("frame", "ann");
            await callers[0].SeesAsync("eve", frames: 60); // by then gateways know all that a move takes along
            // Where the machine starves a node for longer than a session may take to be carried, or a client until its own patience ends,
            // the client begins anew: it goes on, too, but that is not what is to be seen here.
            for (var tries = 1; !await IsCarriedAsync(Room, callers, eve); tries++)
                Assert.True(tries < 3, "three times somebody did not answer in time");
        }
        finally
        {
            foreach (var caller in callers) await caller.DisposeAsync();
        }
    }

    /// <summary>Moves the room; the call goes on either way.</summary>
    /// <returns>False when the new owner did not answer in time to take the sessions, or a client that was told to resume gave up
    /// itself.</returns>
    private async Task<bool> IsCarriedAsync(string room, List<Caller> callers, NodeClient eve)
    {
        static string Peer(Caller caller) => caller.Identity == "ann" ? "bob" : "ann";
        foreach (var caller in callers) await caller.WatchAsync(Peer(caller), "video");
        var (owner, starved, anew, seen) = (await OwnerAsync(room), Said(NotInTime), Said("is told to reconnect"),
            await Task.WhenAll(callers.Select(CountsAsync)));
        await MoveAsync(room);
        foreach (var (caller, before) in callers.Zip(seen))
            await Eventually.HoldsAsync(async () => await caller.CountAsync("reconnected") > before.Reconnected,
                $"{caller.Identity} is at the new owner", details: () => caller.Story);
        foreach (var caller in callers) await caller.SeesAsync(Peer(caller));
        Assert.NotEqual(owner, await OwnerAsync(room));
        await eve.HasAsync("frame", "ann", times: eve.Count("frame", "ann") + 2);
        await callers[0].SeesAsync("eve");
        Assert.Equal(0, eve.Count("disconnected"));
        if (Said(NotInTime) > starved) return false;
        Assert.Equal(anew, Said("is told to reconnect"));
        foreach (var (caller, before) in callers.Zip(seen))
            if (await caller.CountAsync("reconnecting") > before.Anew.Reconnecting) return false;
        var gaps = new List<int>();
        foreach (var caller in callers) gaps.Add(await caller.GapMsAsync(Peer(caller), "video"));
        output.WriteLine($"longest time without a new video packet, ms: {string.Join(", ", gaps.Order())}");
        // the same connection over another way: nothing was published or subscribed anew
        foreach (var (caller, before) in callers.Zip(seen))
            Assert.True(before.Anew == (await CountsAsync(caller)).Anew, caller.Story);
        return true;
    }

    private int Said(string words) => stage.Cluster.Replicas.Sum(replica => replica.Log.Split(words).Length - 1);

    private static async Task<(int Reconnected, (int, int Reconnecting, int, int) Anew)> CountsAsync(Caller caller) =>
        (await caller.CountAsync("reconnected"), (await caller.CountAsync("disconnected"), await caller.CountAsync("reconnecting"),
            await caller.CountAsync("trackUnsubscribed"), await caller.CountAsync("trackSubscribed")));

    [Fact]
    public async Task A_client_whose_gateway_dies_comes_back_through_another_and_its_media_never_stops()
    {
        const string Room = "gateway-dies";
        await using var balancer = new Balancer(Stage.BasePort + 950, stage.Cluster.Replicas.Select(replica => replica.HttpAddress));
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.OpenAsync("bob");
        await bob.JoinAsync($"ws://127.0.0.1:{Stage.BasePort + 950}", Tokens.Join(Room, "bob"));
        await bob.SeesAsync("ann");
        await bob.WatchAsync("ann", "audio");
        var subscribed = await bob.CountAsync("trackSubscribed");
        var victim = stage.Cluster.Replicas[balancer.Last];
        Assert.NotEqual(0, victim.Index); // ann's own gateway lives
        await victim.KillAsync();
        try
        {
            await bob.HasAsync("reconnected");
            await bob.SeesAsync("ann", frames: 60);
            Assert.Equal(subscribed, await bob.CountAsync("trackSubscribed"));
            Assert.Equal(0, await ann.CountAsync("participantDisconnected"));
            output.WriteLine($"longest time without a new audio packet: {await bob.GapMsAsync("ann", "audio")} ms");
            await bob.RunAsync("room.localParticipant.setMicrophoneEnabled(true).then(() => 1)"); // signalling works in both directions
            await ann.HearsAsync("bob");
        }
        finally
        {
            victim.Start();
            await victim.WaitForReadyAsync();
        }
    }

    [Fact]
    public async Task A_call_goes_on_while_there_is_no_control_plane_and_needs_nobody_when_it_is_back()
    {
        const string Room = "alone";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        await bob.WatchAsync("ann", "audio");
        var subscribed = await bob.CountAsync("trackSubscribed");
        foreach (var replica in stage.Cluster.Replicas) await replica.KillAsync();
        try
        {
            await Task.Delay(Stage.Outage); // longer than the lease: authority ends, media does not
            await bob.SeesAsync("ann");
            output.WriteLine(
                $"longest time without a new audio packet in {Stage.Outage.TotalSeconds} s without control plane: "
                + $"{await bob.GapMsAsync("ann", "audio")} ms");
        }
        finally
        {
            foreach (var replica in stage.Cluster.Replicas) replica.Start();
            await stage.Cluster.WaitForReadyAsync();
        }
        await bob.HasAsync("reconnected");
        await ann.HasAsync("reconnected");
        await bob.SeesAsync("ann");
        Assert.Equal(subscribed, await bob.CountAsync("trackSubscribed"));
        await using var cat = await stage.JoinAsync(2, Room, "cat");
        await cat.SeesAsync("ann");
    }

    [Fact]
    public async Task A_node_that_dies_is_replaced_and_its_calls_go_on()
    {
        const string Room = "node-dies";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        await bob.WatchAsync("ann", "video");
        var owner = await OwnerAsync(Room);
        var victim = stage.Cluster.Media.Single(node => node.NodeId == owner);
        await victim.KillAsync();
        try
        {
            await bob.HasAsync("reconnected");
            await ann.HasAsync("reconnected");
            await bob.SeesAsync("ann");
            output.WriteLine(
                $"longest time without a new video packet after kill -9 of the node: {await bob.GapMsAsync("ann", "video")} ms");
        }
        finally
        {
            victim.Start();
            await victim.WaitForReadyAsync();
        }
    }

    [Fact]
    public async Task A_node_that_hangs_is_replaced_though_its_connections_stand()
    {
        const string Room = "node-hangs";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        var owner = await OwnerAsync(Room);
        var victim = stage.Cluster.Media.Single(node => node.NodeId == owner);
        victim.Freeze();
        try
        {
            await Eventually.HoldsAsync(async () => await OwnerAsync(Room) is { Length: > 0 } now && now != owner,
                "the room has another owner");
            await bob.HasAsync("leave"); // long before its connection times out
            await bob.SeesAsync("ann");
            await ann.HasAsync("leave");
        }
        finally
        {
            victim.Resume();
            await victim.WaitForReadyAsync();
        }
    }

    [Fact]
    public async Task With_the_policy_stop_a_call_ends_with_its_nodes_lease_and_begins_anew_when_there_is_a_control_plane()
    {
        const string Room = "stops";
        await RestartNodesAsync(node => node.ExtraArguments.AddRange(["--continuity", "stop"]));
        try
        {
            await using var ann = await stage.JoinAsync(0, Room, "ann");
            await ann.PublishAsync();
            await using var bob = await stage.JoinAsync(1, Room, "bob");
            await bob.SeesAsync("ann");
            foreach (var replica in stage.Cluster.Replicas) await replica.KillAsync();
            try
            {
                await Eventually.HoldsAsync(() => stage.Cluster.Media.Any(node =>
                    node.Log.Contains($"Room {Room} (epoch", StringComparison.Ordinal)
                    && node.Log.Contains("given up with 2 participants", StringComparison.Ordinal)),
                    "the node gives the room up", details: () => bob.Story);
                await Eventually.HoldsAsync(async () =>
                {
                    var before = await bob.ReceivedAsync("ann", "video");
                    await Task.Delay(TimeSpan.FromSeconds(1));
                    return before is null || (await bob.ReceivedAsync("ann", "video"))?.Packets == before.Packets;
                }, "media stops", details: () => bob.Story);
            }
            finally
            {
                foreach (var replica in stage.Cluster.Replicas) replica.Start();
                await stage.Cluster.WaitForReadyAsync();
            }
            await bob.HasAsync("reconnected");
            await bob.SeesAsync("ann");
        }
        finally { await RestartNodesAsync(node => node.ExtraArguments.RemoveRange(node.ExtraArguments.Count - 2, 2)); }
    }

    private async Task RestartNodesAsync(Action<MediaProcess> change)
    {
        foreach (var node in stage.Cluster.Media)
        {
            await node.StopAsync();
            change(node);
            node.Start();
            await node.WaitForReadyAsync();
        }
    }
}
