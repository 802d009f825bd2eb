namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock clients over a whole cluster.</summary>
public sealed class CallTests(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task Two_browsers_at_different_replicas_see_and_hear_each_other()
    {
        await using var ann = await stage.JoinAsync(0, "first-light", "ann");
        await ann.PublishAsync();
        await using var bob = await stage.JoinAsync(1, "first-light", "bob");
        await bob.SeesAsync("ann");
        await bob.HearsAsync("ann");
        await bob.PublishAsync();
        await ann.SeesAsync("bob");
        await ann.HearsAsync("bob");
        var seen = await bob.ReceivedAsync("ann", "video");
        Assert.Equal(0, seen!.Lost);
    }
}
