using System.Net.WebSockets;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Signalling;

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

    [Fact]
    public async Task Nor_for_clients_which_it_tells_that_it_goes()
    {
        var replica = await FakeReplica.StartAsync(options => options.ShutdownGraceMs = 600_000);
        // No node is there: she waits for one.
        using var client = await SignalClient.OpenAsync($"127.0.0.1:{replica.Options.HttpPort}", SignalClient.Token("room", "ann"));
        await replica.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));
        await Eventually.HoldsAsync(() => client.IsClosed, "the socket ends");
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
    }
}
