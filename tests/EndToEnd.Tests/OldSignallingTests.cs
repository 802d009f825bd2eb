using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Clients of LiveKit's older signalling, with a connection for each direction, beside those of the newer.</summary>
[Collection(nameof(Stage))]
public sealed class OldSignallingTests(Stage stage, ITestOutputHelper output)
{
    private static readonly object TwoConnections = new { singlePeerConnection = false };

    [Fact]
    public async Task Two()
    {
        const string Room = "two";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var two = await stage.JoinAsync(2, Room, "two", TwoConnections);
        await using var old = await stage.JoinAsync(1, Room, "old", page: Caller.OldPage);
        Caller[] callers = [two, old];
        foreach (var caller in callers) await caller.PublishAsync();
        await SeeAndHearAsync();
        foreach (var caller in callers) await caller.WatchAsync("ann", "video");
        await ann.WatchAsync("two", "video");
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = Room,
        });
        foreach (var caller in callers) await caller.HasAsync("reconnected");
        await SeeAndHearAsync();
        foreach (var caller in callers) output.WriteLine($"{caller.Identity}: {await caller.GapMsAsync("ann", "video")} ms without ann");
        output.WriteLine($"ann: {await ann.GapMsAsync("two", "video")} ms without two");
        output.WriteLine(two.Story.Split("replica-1:")[0]);
        output.WriteLine(old.Story.Split("replica-1:")[0]);

        async Task SeeAndHearAsync()
        {
            foreach (var caller in callers)
                foreach (var other in (string[])["ann", "old", "two"])
                    if (other != caller.Identity)
                    {
                        await caller.SeesAsync(other, frames: 10);
                        await caller.HearsAsync(other);
                    }
            foreach (var other in callers)
            {
                await ann.SeesAsync(other.Identity, frames: 10);
                await ann.HearsAsync(other.Identity);
            }
        }
    }
}
