using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock Firefox, and what it does otherwise than Chromium.</summary>
[Collection(nameof(Stage))]
public sealed class FirefoxTests(Stage stage, ITestOutputHelper output)
{
    /// <summary>A little less than the five seconds that rtc-node gives an attempt to come back.</summary>
    private const double RtcNodesPatienceMs = 4_800;

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
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = Room,
        });
        await fox.HasAsync("leave");
        await fox.HasAsync("reconnected");
        await SeeAndHearAsync();
        foreach (var (viewer, from) in ((Caller, string)[])[(fox, "ann"), (ann, "fox")]) await LongestGapMsAsync(viewer, from, "video");
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
        await using var keptSocket = await Stage.KeepSocketAsync(gateway);
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
        var killedMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await gateway.KillAsync();
        gateway.Start();
        foreach (var caller in (Caller[])[bob, fox])
        {
            await caller.HasSinceAsync(killedMs, "reconnected");
            var awayMs = (await caller.NotedAsync(killedMs)).First(noted => noted.Kind == "reconnected").AtMs - killedMs;
            var gapMs = await LongestGapMsAsync(caller, "ann", "audio");
            output.WriteLine($"{caller.Identity}'s signalling was away for {awayMs:f0} ms");
            Assert.True(gapMs < awayMs / 2,
                $"{gapMs} ms without a packet of ann, while signalling was away for {awayMs} ms: {caller.Story}");
            await caller.SeesAsync("ann");
            Assert.True((2, 0, 0) == (await caller.CountAsync("trackSubscribed", "ann"), await caller.CountAsync("trackUnsubscribed"),
                await caller.CountAsync("reconnecting")), caller.Story);
        }
        var anew = await KeptItsTracksAsync(eve);
        Assert.Equal(0, await ann.CountAsync("participantDisconnected", "bob") + await ann.CountAsync("participantDisconnected", "fox"));
        // who begins anew may be another participant to others
        Assert.InRange(await ann.CountAsync("participantDisconnected"), 0, anew ? 1 : 0);
    }

    /// <summary>
    /// Nothing was made anew; but that library gives an attempt five seconds, and then begins anew whatever the server would say.
    /// </summary>
    /// <returns>Whether it began anew.</returns>
    private async Task<bool> KeptItsTracksAsync(NodeClient eve)
    {
        await eve.HasAsync("reconnected");
        await eve.HasAsync("frame", "ann", times: eve.Count("frame", "ann") + 2);
        var awayMs = eve.AtMs("reconnected") - eve.AtMs("reconnecting");
        var anew = awayMs > RtcNodesPatienceMs;
        // both tracks, one after the other
        if (anew && eve.Count("subscribed", "ann") > 2) await eve.HasAsync("subscribed", "ann", times: 4);
        var subscribed = eve.Count("subscribed", "ann");
        output.WriteLine($"eve's signalling was away for {awayMs:f0} ms; she subscribed {subscribed} times");
        Assert.True(eve.Count("disconnected") == 0 && (subscribed == 2 || (anew && subscribed == 4)), eve.Output);
        return anew;
    }

    /// <summary>For whoever reads the results: what it depends on is mostly the machine.</summary>
    private async Task<int> LongestGapMsAsync(Caller viewer, string from, string kind)
    {
        var gapMs = await viewer.GapMsAsync(from, kind);
        output.WriteLine($"longest time without a new {kind} packet of {from}, {viewer.Identity}: {gapMs} ms");
        return gapMs;
    }

    [Fact]
    public async Task Two_of_it_call_by_the_link_that_the_quick_start_prints()
    {
        const int BasePort = 28_400;
        var data = Directory.CreateTempSubdirectory("vs-quick-start-");
        try
        {
            using var up = CliProcess.Start(["up", "--single", "--base-port", $"{BasePort}", "--data", data.FullName]);
            await Eventually.HoldsAsync(() => up.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal), "up is ready",
                details: () => up.Output + up.Errors);
            Assert.Contains("--loopback-only", up.Output, StringComparison.Ordinal); // what is open to others is said
            await using var ann = await FirefoxTab.OpenAsync();
            await using var bob = await FirefoxTab.OpenAsync();
            await ann.GoToAsync($"http://127.0.0.1:{BasePort}/?room=demo&name=ann&join=1");
            await bob.GoToAsync($"http://127.0.0.1:{BasePort}/?room=demo&name=bob&join=1");
            foreach (var tab in (FirefoxTab[])[ann, bob])
                await Eventually.HoldsAsync(async () => await tab.EvaluateAsync<int>(
                    "[...document.querySelectorAll('.tile video')].filter((video) => video.videoWidth > 0 && video.currentTime > "
                    + "0.5).length") == 2,
                    "both tiles play", details: () => string.Join('\n', [.. ann.Console, .. bob.Console,
                        File.ReadAllText(Path.Combine(data.FullName, "logs", "single.log"))]));
        }
        finally { data.Delete(recursive: true); }
    }
}
