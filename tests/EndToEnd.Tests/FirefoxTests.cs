using VideoScale.EndToEnd.Tests.Browsers;
using VideoScale.TestKit;
using VideoScale.TestKit.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock Firefox, and what it does otherwise than Chromium.</summary>
[Collection(nameof(Stage))]
public sealed class FirefoxTests(Stage stage, ITestOutputHelper output)
{
    private const double RtcNodesPatienceMs = 4_500;
    /// <summary>Without a packet, on a quiet machine: while a gateway dies nothing of the media's way changes; a move makes Firefox join and publish anew.</summary>
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(2), LongestMove = TimeSpan.FromSeconds(10);

    [LiveKitSurface("Around it", "livekit-client in Firefox ESR", Surface.Served)]
    [LiveKitSurface("Signalling", "leave{RECONNECT} for clients that keep their keys when a room moves", Surface.Served)]
    [Fact]
    public async Task It_publishes_receives_three_others_and_goes_on_when_its_room_is_moved()
    {
        const string Room = "firefox";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        using var bob = new NodeClient("listener.mjs", stage.SignalUrl(1), Tokens.Join(Room, "bob"));
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, "cat"));
        await using var fox = await stage.JoinAsync(1, Room, "fox", browser: BrowserKind.Firefox);
        await fox.PublishAsync();
        await SeeAndHearAsync();
        await ann.WatchAsync("fox", "video");
        await fox.WatchAsync("ann", "video");
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest { RequestId = Guid.NewGuid().ToString(), RoomId = Room });
        await fox.HasAsync("leave");
        await fox.HasAsync("reconnected");
        await SeeAndHearAsync();
        foreach (var (viewer, from) in ((Caller, string)[])[(fox, "ann"), (ann, "fox")]) await WasShortAsync(viewer, from, "video", LongestMove);
        Assert.Equal(1, await fox.CountAsync("reconnecting")); // it was told to connect anew: its old keys would have been silence
        Assert.Equal(0, await ann.CountAsync("reconnecting"));
        Assert.Equal(0, await fox.CountAsync("disconnected"));

        async Task SeeAndHearAsync()
        {
            foreach (var other in (string[])["ann", "bob", "cat"])
            {
                await fox.SeesAsync(other, frames: 10);
                await fox.HearsAsync(other);
            }
            await ann.SeesAsync("fox", frames: 10);
            await ann.HearsAsync("fox");
        }
    }

    [LiveKitSurface("Around it", "a server that dies under Chromium, Firefox and rtc-node", Surface.Served)]
    [Fact]
    public async Task No_clients_media_stops_when_the_replica_of_its_only_url_is_killed_and_comes_back()
    {
        const string Room = "one-url";
        var gateway = stage.Cluster.Replicas[1];
        await gateway.StopAsync();
        gateway.KeepHttpSocket(); // as under `up`, or systemd's socket activation
        gateway.Start();
        try
        {
            await gateway.WaitForReadyAsync();
            await using var ann = await stage.JoinAsync(0, Room, "ann");
            await ann.PublishAsync();
            await using var bob = await stage.JoinAsync(1, Room, "bob");
            await using var fox = await stage.JoinAsync(1, Room, "fox", browser: BrowserKind.Firefox);
            using var eve = new NodeClient("listener.mjs", stage.SignalUrl(1), Tokens.Join(Room, "eve"), "silent");
            await eve.HasAsync("frame", "ann");
            await eve.HasAsync("subscribed", "ann", times: 2);
            foreach (var caller in (Caller[])[bob, fox])
            {
                await caller.SeesAsync("ann");
                await caller.WatchAsync("ann", "audio");
            }
            await gateway.KillAsync();
            gateway.Start();
            var killedMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            await eve.HasAsync("reconnected");
            await eve.HasAsync("frame", "ann", times: eve.Count("frame", "ann") + 2);
            // Nothing was made anew; but that library gives an attempt five seconds, and then begins anew whatever the server would say.
            var anew = eve.AtMs("reconnected") - killedMs > RtcNodesPatienceMs;
            Assert.True(eve.Count("disconnected") == 0 && (anew || eve.Count("subscribed", "ann") == 2), eve.Output);
            foreach (var caller in (Caller[])[bob, fox])
            {
                await caller.HasAsync("reconnected");
                await caller.SeesAsync("ann");
                await WasShortAsync(caller, "ann", "audio", LongestOutage);
                Assert.True((2, 0, 0) == (await caller.CountAsync("trackSubscribed", "ann"), await caller.CountAsync("trackUnsubscribed"), await caller.CountAsync("reconnecting")), caller.Story);
            }
            Assert.Equal(0, await ann.CountAsync("participantDisconnected"));
        }
        finally
        {
            await gateway.RestartAsync(() => gateway.DropHttpSocket());
            await gateway.WaitForReadyAsync();
        }
    }

    private async Task WasShortAsync(Caller viewer, string from, string kind, TimeSpan longest)
    {
        var gapMs = await viewer.GapMsAsync(from, kind);
        output.WriteLine($"longest time without a new {kind} packet of {from}, {viewer.Identity}: {gapMs} ms");
        Assert.True(gapMs <= Slowness.Scale(longest).TotalMilliseconds, $"{gapMs} ms without a packet of {from}: {viewer.Story}");
    }

    [Fact]
    public async Task Two_of_it_call_by_the_link_that_the_quick_start_prints()
    {
        const int BasePort = 28_400;
        var data = Directory.CreateTempSubdirectory("vs-quick-start-");
        try
        {
            using var up = CliProcess.Start(["up", "--single", "--base-port", $"{BasePort}", "--data", data.FullName]);
            await Eventually.HoldsAsync(() => up.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal), "up is ready", details: () => up.Output + up.Errors);
            Assert.Contains("--loopback-only", up.Output, StringComparison.Ordinal); // what is open to others is said
            await using var ann = await FirefoxTab.OpenAsync();
            await using var bob = await FirefoxTab.OpenAsync();
            await ann.GoToAsync($"http://127.0.0.1:{BasePort}/?room=demo&name=ann&join=1");
            await bob.GoToAsync($"http://127.0.0.1:{BasePort}/?room=demo&name=bob&join=1");
            foreach (var tab in (FirefoxTab[])[ann, bob])
                await Eventually.HoldsAsync(async () => await tab.EvaluateAsync<int>("[...document.querySelectorAll('.tile video')].filter((video) => video.videoWidth > 0 && video.currentTime > 0.5).length") == 2,
                    "both tiles play", details: () => string.Join('\n', tab.Console));
        }
        finally { data.Delete(recursive: true); }
    }
}
