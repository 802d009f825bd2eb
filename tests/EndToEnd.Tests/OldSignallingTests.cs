using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>
/// Clients of LiveKit's older signalling, with a connection for each direction, beside those of the newer: the newest library told to do so,
/// and its version 1, which knows nothing else, in Chromium and Firefox.
/// </summary>
[Collection(nameof(Stage))]
public sealed class OldSignallingTests(Stage stage, ITestOutputHelper output)
{
    private static readonly object TwoConnections = new { singlePeerConnection = false };

    [LiveKitSurface("Signalling", "/rtc with two connections (version 0: mobile SDKs, older SDKs)", Surface.Served)]
    [Fact]
    public async Task Old_and_new_clients_call_each_other_and_go_on_when_their_room_is_moved()
    {
        const string Room = "old-and-new";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await using var old = await stage.JoinAsync(1, Room, "old", page: Caller.OldPage);
        await using var two = await stage.JoinAsync(2, Room, "two", TwoConnections);
        await using var fox = await stage.JoinAsync(2, Room, "fox", browser: BrowserKind.Firefox, page: Caller.OldPage);
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, "cat"));
        Caller[] callers = [ann, old, two, fox];
        foreach (var caller in (Caller[])[ann, old, fox]) await caller.PublishAsync();
        await two.PublishAsync(camera: false);
        await SeeAndHearAsync();
        foreach (var caller in (Caller[])[old, two]) await caller.WatchAsync("ann", "video");
        await ann.WatchAsync("old", "video");
        var before = await Task.WhenAll(callers.Select(CountsAsync));
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = Room,
        });
        foreach (var caller in callers) await caller.HasAsync("reconnected");
        await SeeAndHearAsync();
        foreach (var (caller, from) in ((Caller, string)[])[(old, "ann"), (two, "ann"), (ann, "old")])
            output.WriteLine($"{caller.Identity}: {await caller.GapMsAsync(from, "video")} ms without a video packet of {from}");
        output.WriteLine(string.Join(' ', before) + "   " + string.Join(' ', await Task.WhenAll(callers.Select(CountsAsync))));
        output.WriteLine(two.Story.Split("replica-1:")[0]);

        async Task SeeAndHearAsync()
        {
            foreach (var viewer in callers)
            {
                foreach (var other in (string[])["ann", "old", "fox", "cat"])
                    if (other != viewer.Identity) await viewer.SeesAsync(other, frames: 5);
                foreach (var other in (string[])["ann", "old", "two", "fox", "cat"])
                    if (other != viewer.Identity) await viewer.HearsAsync(other);
            }
            foreach (var other in (string[])["ann", "old", "fox"]) await cat.HasAsync("frame", other, times: cat.Count("frame", other) + 1);
        }
    }

    /// <summary>What would be more if something had begun anew.</summary>
    private static async Task<(int, int)> CountsAsync(Caller caller) =>
        (await caller.CountAsync("trackSubscribed"), await caller.CountAsync("disconnected"));
}
