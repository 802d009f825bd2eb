using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock clients over a whole cluster.</summary>
[Collection(nameof(Stage))]
public sealed class CallTests(Stage stage)
{
    [LiveKitSurface("Media", "VP8, Opus, three layers by RID", Surface.Served)]
    [LiveKitSurface("Signalling", "one peer connection: offer, answer, media_sections_requirement", Surface.Served)]
    [Fact]
    public async Task Browsers_and_libwebrtc_at_three_replicas_see_and_hear_each_other()
    {
        const string Room = "first-light";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync(height: Caller.ThreeLayers);
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        await bob.HearsAsync("ann");
        await bob.PublishAsync();
        await ann.SeesAsync("bob");
        await ann.HearsAsync("bob");
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, "cat"));
        await cat.HasAsync("frame", "ann", times: 2);
        await cat.HasAsync("sound", "ann");
        await bob.SeesAsync("cat");
        await bob.HearsAsync("cat");
        var seen = await bob.ReceivedAsync("ann", "video");
        Assert.InRange(seen!.Lost, 0, seen.Packets / 100); // a machine short of time drops some, at the socket
        Assert.Equal(["f", "h", "q"], (await ann.RunAsync("sent()")).EnumerateObject().Select(layer => layer.Name)
            .Where(name => !name.StartsWith('$')).Order(StringComparer.Ordinal));
        await ann.HasAsync("speakers", "");
    }

    [LiveKitSurface("Signalling", "track_setting: quality, size, disabled", Surface.Served)]
    [Fact]
    public async Task A_subscriber_gets_the_layer_it_asks_for_up_and_down()
    {
        const string Room = "layers";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync(microphone: false, height: Caller.ThreeLayers);
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        foreach (var (quality, width) in new[] { ("LOW", 240), ("HIGH", 960), ("MEDIUM", 480), ("LOW", 240) })
            await AskAsync(quality, width);
        var seen = await bob.ReceivedAsync("ann", "video");
        Assert.InRange(seen!.Lost, 0, seen.Packets / 100);

        async Task AskAsync(string quality, int width)
        {
            await bob.RunAsync($"publications('ann')[0].setVideoQuality(L.VideoQuality.{quality})");
            await Eventually.HoldsAsync(async () => Near((await bob.ReceivedAsync("ann", "video"))!.Width, width),
                $"{quality} is {width} wide",
                details: () => bob.Story + bob.RunAsync("received('ann', 'video')").Result + ann.RunAsync("sent()").Result);
            await bob.SeesAsync("ann", frames: 5);
        }
    }

    /// <summary>An encoder that is short of time shrinks a layer a little.</summary>
    private static bool Near(int width, int wanted) => width > wanted * 0.7 && width < wanted * 1.4;

    [LiveKitSurface("Signalling", "mute, unpublishing, leave", Surface.Served)]
    [Fact]
    public async Task Muting_leaving_and_unpublishing_reach_the_others()
    {
        const string Room = "signals";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(2, Room, "bob",
            token: Tokens.Join(Room, "bob", video => video["canUpdateOwnMetadata"] = true));
        await bob.HearsAsync("ann");
        await ann.RunAsync("room.localParticipant.setMicrophoneEnabled(false).then(() => 1)");
        await bob.HasAsync("trackMuted");
        await ann.RunAsync("room.localParticipant.setMicrophoneEnabled(true).then(() => 1)");
        await bob.HasAsync("trackUnmuted");
        await ann.RunAsync(
            "room.localParticipant.unpublishTrack([...room.localParticipant.videoTrackPublications.values()][0].track).then(() => 1)");
        await bob.HasAsync("trackUnsubscribed", "ann video");
        await bob.RunAsync("room.localParticipant.setAttributes({ hand: 'up' }).then(() => 1)");
        await ann.HasAsync("attributes", "bob");
        await bob.RunAsync("room.disconnect().then(() => 1)");
        await ann.HasAsync("participantDisconnected", "bob");
    }

    [Fact]
    public async Task A_token_that_does_not_allow_it_does_not_join()
    {
        (string What, int Status, string Token)[] tokens =
        [
            ("wrong secret", 401, Tokens.Join("closed", "eve")[..^6] + "AAAAAA"),
            ("unknown key", 401, Tokens.Mint("eve", new() { ["roomJoin"] = true, ["room"] = "closed" }, key: "nokey")),
            ("expired", 401, Tokens.Mint("eve", new() { ["roomJoin"] = true, ["room"] = "closed" }, from: TimeSpan.FromHours(-2))),
            ("not yet", 401, Tokens.Mint("eve", new() { ["roomJoin"] = true, ["room"] = "closed" }, from: TimeSpan.FromHours(2))),
            ("no roomJoin", 403, Tokens.Mint("eve", new() { ["room"] = "closed" })),
            ("no room", 403, Tokens.Mint("eve", new() { ["roomJoin"] = true })),
        ];
        await using var eve = await stage.OpenAsync("eve");
        foreach (var (what, status, token) in tokens)
        {
            var reason =
                await eve.RunAsync(
                $"join('{stage.SignalUrl(0)}', '{token}', {{}}).then(() => 'joined', (e) => (e.reason === "
                + $"L.ConnectionErrorReason.NotAllowed) + ' ' + e.status)");
            Assert.Equal($"{what}: true {status}", $"{what}: {reason.GetString()}");
        }
    }

    [LiveKitSurface("Tokens", "canPublish, canSubscribe, hidden, canUpdateOwnMetadata", Surface.Served)]
    [Fact]
    public async Task Grants_that_the_server_sdk_mints_are_honoured()
    {
        const string Room = "granted";
        using var mint = new NodeClient("mint.mjs", Room);
        Assert.Equal(0, await mint.EndAsync());
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using (var speechless = await stage.JoinAsync(1, Room, "speechless", token: mint.Detail("speechless")))
            Assert.Equal("refused",
                (await speechless.RunAsync("publish(false, true).then(() => 'published', () => 'refused')")).GetString());
        await using (var voice = await stage.JoinAsync(2, Room, "voice", token: mint.Detail("voice")))
        {
            Assert.Equal("refused", (await voice.RunAsync("publish(true, false).then(() => 'published', () => 'refused')")).GetString());
            await voice.PublishAsync(camera: false);
            await ann.HearsAsync("voice");
        }
        await using var deaf = await stage.JoinAsync(1, Room, "deaf", token: mint.Detail("deaf"));
        await deaf.PublishAsync(camera: false);
        await ann.HearsAsync("deaf");
        await using var hidden = await stage.JoinAsync(2, Room, "hidden", token: mint.Detail("hidden"));
        await hidden.SeesAsync("ann");
        await using var last = await stage.JoinAsync(0, Room, "last"); // whoever came before is known to all by now
        await ann.HasAsync("participantConnected", "last");
        await deaf.HasAsync("participantConnected", "last");
        Assert.Equal(0, await deaf.CountAsync("trackSubscribed"));
        Assert.Equal(0, await ann.CountAsync("participantConnected", "hidden"));
        Assert.Equal("the deaf one, minted deaf, deaf",
            (await ann.RunAsync("((p) => `${p.name}, ${p.metadata}, ${p.attributes.kind}`)(room.remoteParticipants.get('deaf'))"))
            .GetString());
    }

    [LiveKitSurface("Server API", "ListParticipants, GetParticipant, RemoveParticipant, UpdateParticipant, DeleteRoom", Surface.Served)]
    [Fact]
    public async Task The_server_sdk_administers_rooms_and_participants()
    {
        const string Room = "administered";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.SeesAsync("ann");
        using var admin = new NodeClient("admin.mjs", $"http://{stage.Cluster.Replicas[2].HttpAddress}", Room, "ann");
        var code = await admin.EndAsync();
        Assert.True(code == 0, admin.Output);
        Assert.DoesNotContain("FAIL", admin.Output, StringComparison.Ordinal);
        await bob.HasAsync("trackMuted");
        await bob.HasAsync("metadata", "ann from the server");
        await bob.HasAsync("attributes", "ann");
        await bob.HasAsync("roomMetadataChanged", "the room says");
        await ann.HasAsync("disconnected", "4"); // PARTICIPANT_REMOVED
        await bob.HasAsync("participantDisconnected", "ann");
    }
}
