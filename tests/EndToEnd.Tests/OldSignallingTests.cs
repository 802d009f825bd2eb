using VideoScale.Harness;
using VideoScale.Harness.Browsers;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Clients of LiveKit's older signalling, with a connection for each direction, beside those of the newer.</summary>
[Collection(nameof(Stage))]
public sealed class OldSignallingTests(Stage stage)
{
    [Fact]
    public async Task Old_and_new_clients_see_and_hear_each_other()
    {
        const string Room = "old-and-new";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var old = await stage.JoinAsync(1, Room, "old", page: Caller.OldPage);
        await old.SeesAsync("ann");
        await old.HearsAsync("ann");
        await old.PublishAsync();
        await ann.SeesAsync("old");
        await ann.HearsAsync("old");
    }
}
