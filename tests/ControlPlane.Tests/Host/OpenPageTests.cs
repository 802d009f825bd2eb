namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class OpenPageTests
{
    [Fact]
    public async Task A_replica_that_stops_does_not_wait_for_pages_that_stay_open()
    {
        var replica = await FakeReplica.StartAsync(options => options.ShutdownGraceMs = 600_000);
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await using var events = await http.GetStreamAsync($"http://127.0.0.1:{replica.Options.HttpPort}/page/events");
        using var page = new StreamReader(events);
        Assert.StartsWith("data: ", await page.ReadLineAsync(), StringComparison.Ordinal); // it is served, and has not ended
        await replica.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));
        while (await page.ReadLineAsync() is not null) { }
    }
}
