using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>Calls of stock clients that UDP does not reach.</summary>
public sealed class TcpTests(TcpStage stage, ITestOutputHelper output) : IClassFixture<TcpStage>
{
    [LiveKitSurface("Media", "ICE over TCP, where UDP is blocked", Surface.Served)]
    [Fact]
    public async Task Chromium_Firefox_and_older_signalling_call_where_udp_is_blocked()
    {
        const string Room = "tcp";
        await using var ann = await stage.JoinAsync(Room, "ann");
        await ann.PublishAsync();
        await using var fox = await stage.JoinAsync(Room, "fox", BrowserKind.Firefox);
        await fox.PublishAsync();
        await using var old = await stage.JoinAsync(Room, "old", page: Caller.OldPage);
        await old.PublishAsync();
        Caller[] all = [ann, fox, old];
        foreach (var viewer in all)
            foreach (var from in all)
            {
                if (viewer == from) continue;
                await viewer.SeesAsync(from.Identity);
                await viewer.HearsAsync(from.Identity);
            }
        Assert.True(stage.UdpDatagrams > 0, "UDP was tried");
        foreach (var caller in all)
        {
            Assert.All((await caller.RunAsync("transports()")).GetString()!.Split(' '), transport => Assert.Equal("tcp", transport));
            await ShowTimesAsync(caller);
        }
    }

    /// <summary>For whoever reads the results.</summary>
    private async Task ShowTimesAsync(Caller caller)
    {
        var noted = await caller.NotedAsync(0);
        var began = noted.First(one => one.Kind == "joining").AtMs;
        double? After(string kind) => noted.Find(one => one.Kind == kind)?.AtMs - began;
        output.WriteLine($"{caller.Identity}: connection {After("ice"):f0} ms, keys {After("dtls"):f0} ms, first decoded "
            + $"{After("decoded"):f0} ms after the beginning of the join");
    }
}
