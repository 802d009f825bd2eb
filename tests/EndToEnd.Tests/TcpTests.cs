using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock clients that UDP does not reach.</summary>
public sealed class TcpTests(TcpStage stage, ITestOutputHelper output) : IClassFixture<TcpStage>
{
    [LiveKitSurface("Media", "ICE over TCP", Surface.Served)]
    [Fact]
    public async Task Chromium_and_Firefox_call_where_udp_is_blocked_and_go_on_when_their_room_is_moved()
    {
        const string Room = "tcp";
        await using var ann = await stage.JoinAsync(Room, "ann");
        await ann.PublishAsync();
        await using var fox = await stage.JoinAsync(Room, "fox", BrowserKind.Firefox);
        await fox.PublishAsync();
        await CallAsync(ann, fox);
        Assert.True(stage.UdpDatagrams > 0, "UDP was tried");
        var before = stage.Relays.Select(relay => relay.Paths.Count).ToList();
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = Room,
        });
        await Eventually.HoldsAsync(() => stage.Relays.Where((relay, i) => relay.Paths.Count > before[i]).Any(),
            "the new owner has connections");
        await fox.HasAsync("reconnected");
        await CallAsync(ann, fox);
        Assert.Equal(0, await ann.CountAsync("reconnecting"));
    }

    [Fact]
    public async Task Older_signalling_calls_where_udp_is_blocked()
    {
        const string Room = "tcp-old";
        await using var ann = await stage.JoinAsync(Room, "ann");
        await ann.PublishAsync();
        await using var old = await stage.JoinAsync(Room, "old", page: Caller.OldPage);
        await old.PublishAsync();
        await CallAsync(ann, old);
    }

    [Fact]
    public async Task A_call_comes_back_when_its_connections_are_cut()
    {
        const string Room = "tcp-cut";
        await using var ann = await stage.JoinAsync(Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(Room, "bob");
        await CallAsync([bob], [ann]);
        foreach (var relay in stage.Relays) relay.Cut();
        await CallAsync([bob], [ann]);
        Assert.Equal(0, await bob.CountAsync("disconnected"));
    }

    [Fact]
    public async Task A_slow_receiver_is_given_less_and_costs_the_others_nothing()
    {
        const string Room = "tcp-slow";
        const int Kbps = 500;
        await using var ann = await stage.JoinAsync(Room, "ann");
        await ann.PublishAsync(height: Caller.ThreeLayers);
        await using var bob = await stage.JoinAsync(Room, "bob");
        await bob.SeesAsync("ann");
        var before = stage.Relays.SelectMany(relay => relay.Paths).ToHashSet();
        await using var cat = await stage.JoinAsync(Room, "cat");
        await cat.SeesAsync("ann");
        foreach (var path in stage.Relays.SelectMany(relay => relay.Paths).Except(before)) path.DownKbps = Kbps;
        await cat.SeesAsync("ann", frames: 60);
        await cat.HearsAsync("ann");
        await bob.SeesAsync("ann", frames: 60);
        Assert.True(await stage.PicturesDroppedAsync() > 0, "pictures were dropped for it");
        var video = (await cat.ReceivedAsync("ann", "video"))!;
        output.WriteLine($"slow: {video.Frames} frames, {video.Width} wide, {video.Freezes} freezes, {video.Nacks} asked, {video.Plis} "
            + $"key frames, concealed {(await cat.ReceivedAsync("ann", "audio"))!.Concealed:f0}");
    }

    private Task CallAsync(params Caller[] all) => CallAsync(all, all);

    private async Task CallAsync(Caller[] viewers, Caller[] senders)
    {
        foreach (var viewer in viewers)
            foreach (var from in senders)
            {
                if (viewer == from) continue;
                await viewer.SeesAsync(from.Identity);
                await viewer.HearsAsync(from.Identity);
            }
        foreach (var caller in viewers)
        {
            Assert.All((await caller.RunAsync("transports()")).GetString()!.Split(' '), transport => Assert.Equal("tcp", transport));
            await ShowTimesAsync(caller);
        }
    }

    /// <summary>For whoever reads the results.</summary>
    private async Task ShowTimesAsync(Caller caller)
    {
        var noted = await caller.NotedAsync(0);
        var began = noted.First(one => one.Kind == "joining").AtMs;
        double? After(string kind) => noted.Find(one => one.Kind == kind)?.AtMs - began;
        output.WriteLine($"{caller.Identity}: connection {After("ice"):f0} ms, keys {After("dtls"):f0} ms, first decoded "
            + $"{After("decoded"):f0} ms after the beginning of the join");
    }
}
