using VideoScale.EndToEnd.Tests.Browsers;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock Firefox.</summary>
[Collection(nameof(Stage))]
public sealed class FirefoxTests(Stage stage)
{
    [Fact]
    public async Task Probe()
    {
        const string Room = "fox";
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync();
        await using var fox = await stage.JoinAsync(1, Room, "fox", browser: BrowserKind.Firefox);
        await fox.HearsAsync("ann");
        await fox.SeesAsync("ann");
    }
}
