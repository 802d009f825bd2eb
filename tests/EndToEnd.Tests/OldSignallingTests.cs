using System.Text.Json;
using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>
/// Clients of LiveKit's older signalling, with a connection for each direction, beside those of the newer: the newest library told to do
/// so, and its version 1, which knows nothing else, in Chromium and Firefox.
/// </summary>
[Collection(nameof(Stage))]
public sealed class OldSignallingTests(Stage stage, ITestOutputHelper output)
{
    private static readonly object TwoConnections = new { singlePeerConnection = false };

    [LiveKitSurface("Signalling", "/rtc with two connections (version 0: mobile SDKs, older SDKs)", Surface.Served)]
    [Fact]
    public async Task Old_and_new_clients_call_each_other_and_keep_their_connections_when_their_room_is_moved()
    {
        const string Room = "old-and-new";
        await using var old = await stage.JoinAsync(1, Room, "old", page: Caller.OldPage);
        await using var two = await stage.JoinAsync(2, Room, "two", TwoConnections);
        await using var fox = await stage.JoinAsync(2, Room, "fox", browser: BrowserKind.Firefox, page: Caller.OldPage);
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(0), Tokens.Join(Room, "cat"));
        Caller[] callers = [old, two, fox];
        foreach (var caller in callers) await caller.PublishAsync();
        await SeeAndHearAsync();
        // Where the machine starves a client until its own patience ends it begins anew: it goes on, too, but not as is to be seen here.
        for (var tries = 1; !await KeepTheirsAsync(); tries++)
            Assert.True(tries < 3, "three times somebody began anew: " + old.Story + two.Story);

        async Task<bool> KeepTheirsAsync()
        {
            foreach (var (viewer, other) in ((Caller, Caller)[])[(old, two), (two, old)]) await viewer.WatchAsync(other.Identity, "video");
            var before = await Task.WhenAll(callers.Select(CountsAsync));
            await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
            {
                RequestId = Guid.NewGuid().ToString(),
                RoomId = Room,
            });
            foreach (var (caller, counted) in callers.Zip(before))
                await Eventually.HoldsAsync(async () => (await CountsAsync(caller)).Reconnected > counted.Reconnected,
                    $"{caller.Identity} is at the new owner", details: () => caller.Story);
            await SeeAndHearAsync();
            foreach (var (viewer, other) in ((Caller, Caller)[])[(old, two), (two, old)])
                output.WriteLine($"{viewer.Identity} without {other.Identity}: {await viewer.GapMsAsync(other.Identity, "video")} ms");
            var after = await Task.WhenAll(callers.Select(CountsAsync));
            // Firefox keeps its former keys on a connection that stands, so it is led to begin anew.
            return (before[0].Connections, before[1].Connections) == (after[0].Connections, after[1].Connections);
        }

        async Task SeeAndHearAsync()
        {
            await Task.WhenAll(callers.Select(async viewer =>
            {
                foreach (var other in (string[])["old", "two", "fox", "cat"])
                {
                    if (other == viewer.Identity) continue;
                    await viewer.SeesAsync(other, frames: 5);
                    await viewer.HearsAsync(other);
                }
            }));
            foreach (var other in callers) await cat.HasAsync("frame", other.Identity, times: cat.Count("frame", other.Identity) + 1);
        }
    }

    [Fact]
    public async Task What_new_clients_do_old_ones_do_and_come_back_through_another_gateway_with_both_connections()
    {
        const string Room = "old-signals";
        await using var balancer = new Balancer(Stage.BasePort + 960, stage.Cluster.Replicas.Select(replica => replica.HttpAddress));
        await using var ann = await stage.JoinAsync(0, Room, "ann", new { dynacast = true });
        await ann.PublishAsync(height: Caller.ThreeLayers);
        await using var old = await stage.OpenAsync("old", page: Caller.OldPage);
        await old.JoinAsync($"ws://127.0.0.1:{Stage.BasePort + 960}", Tokens.Join(Room, "old"), new { dynacast = true });
        foreach (var caller in (Caller[])[ann, old]) await caller.RunAsync("listen() ?? 1");
        await old.PublishAsync(height: Caller.ThreeLayers);
        await CallAsync();

        // layers, up and down, and those that nobody wants
        foreach (var (viewer, other) in ((Caller, Caller)[])[(old, ann), (ann, old)])
        {
            await AskAsync("LOW");
            await Eventually.HoldsAsync(async () => await viewer.ReceivedAsync(other.Identity, "video") is { Width: > 0 and < 340 },
                $"{viewer.Identity} gets the smallest", details: () => viewer.Story);
            await Eventually.HoldsAsync(async () => await LayersAsync(other) == 1, $"{other.Identity} sends the smallest alone",
                details: () => other.Story + other.RunAsync("sent()").Result);
            await AskAsync("HIGH");
            await Eventually.HoldsAsync(async () => await viewer.ReceivedAsync(other.Identity, "video") is { Width: > 340 },
                $"{viewer.Identity} gets a larger one", details: () => viewer.Story);

            Task AskAsync(string quality) => viewer.RunAsync(
                $"publications('{other.Identity}').find((one) => one.kind === 'video').setVideoQuality(L.VideoQuality.{quality}) ?? 1");
        }

        // muted, given up and taken up again, both ways
        await MuteAsync(old, ann);
        await MuteAsync(ann, old);
        await old.RunAsync("publications('ann').forEach((one) => one.setSubscribed(false)) ?? 1");
        await old.HasAsync("trackUnsubscribed", "ann video");
        await old.RunAsync("publications('ann').forEach((one) => one.setSubscribed(true)) ?? 1");
        await old.SeesAsync("ann");

        // its gateway is killed: it comes back through another, and its media never stops
        var before = (await CountsAsync(old)).Connections;
        await old.WatchAsync("ann", "audio");
        await ann.WatchAsync("old", "audio");
        var victim = stage.Cluster.Replicas[balancer.Last];
        Assert.NotEqual(0, victim.Index); // ann's own gateway lives
        await victim.KillAsync();
        try
        {
            await old.HasAsync("reconnected");
            await CallAsync();
            output.WriteLine($"without audio: {await old.GapMsAsync("ann", "audio")} and {await ann.GapMsAsync("old", "audio")} ms");
            Assert.Equal(before, (await CountsAsync(old)).Connections);
            Assert.Equal(0, await ann.CountAsync("participantDisconnected"));
        }
        finally
        {
            victim.Start();
            await victim.WaitForReadyAsync();
        }
        await old.RunAsync("room.disconnect().then(() => 1)");
        await ann.HasAsync("participantDisconnected", "old");

        async Task CallAsync()
        {
            foreach (var (viewer, other) in ((Caller, Caller)[])[(old, ann), (ann, old)])
            {
                await viewer.SeesAsync(other.Identity);
                await viewer.HearsAsync(other.Identity);
                foreach (var how in (string[])["reliable", "lossy"])
                {
                    var said = $"{how} {Guid.NewGuid():N}";
                    // Such as may be lost is said until it has come.
                    await Eventually.HoldsAsync(async () =>
                    {
                        await other.RunAsync($"data('{said}', {(how == "reliable" ? "true" : "false")}, 'chat', '{viewer.Identity}')");
                        return await viewer.CountAsync("data", $"{other.Identity} {how} chat {said}") > 0;
                    }, $"{viewer.Identity} hears from {other.Identity}", details: () => viewer.Story);
                }
            }
        }
    }

    private static async Task<int> LayersAsync(Caller caller) => (await caller.RunAsync("sent()")).EnumerateObject()
        .Count(layer => layer.Value.ValueKind is JsonValueKind.Object && layer.Value.TryGetProperty("active", out var active)
            && active.GetBoolean());

    private static async Task MuteAsync(Caller caller, Caller other)
    {
        await caller.RunAsync("room.localParticipant.setMicrophoneEnabled(false).then(() => 1)");
        await other.HasAsync("trackMuted");
        await caller.RunAsync("room.localParticipant.setMicrophoneEnabled(true).then(() => 1)");
        await other.HasAsync("trackUnmuted");
    }

    /// <summary>Whoever begins anew has other connections.</summary>
    private static async Task<(int Reconnected, int Connections)> CountsAsync(Caller caller) =>
        (await caller.CountAsync("reconnected"), (await caller.RunAsync("connections.length")).GetInt32());
}
