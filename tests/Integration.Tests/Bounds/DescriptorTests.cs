using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Bounds;

/// <summary>
/// More connections than descriptors: those beyond the cap are closed, the process lives, replicates and answers those it has.
/// </summary>
[Collection("processes")]
public sealed class DescriptorTests
{
    private const int BasePort = 26_100;
    private const int Descriptors = 640;
    private const int Flood = 700;

    [Fact]
    public async Task A_flood_of_idle_connections_is_closed_at_a_cap_below_the_descriptor_limit()
    {
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 1, BasePort);
        ServerProcess[] servers = [cluster.Replicas[0], cluster.Media[0]];
        foreach (var server in servers)
        {
            server.Descriptors = Descriptors;
            if (server == cluster.Replicas[0]) server.KeepHttpSocket(); // a socket that is handed over has the cap of any other
            server.Start();
        }
        await cluster.WaitForReadyAsync();
        var rooms = cluster.Rooms(cluster.Replicas[0]);
        await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "before", RoomId = "before" });

        using (var flood = new IdleConnections())
        {
            foreach (var server in servers)
            {
                foreach (var address in (string[])[server.GrpcAddress, server.HttpAddress])
                {
                    await flood.OpenAsync(address, Flood);
                    var line = $"Too many connections on port {address[(address.LastIndexOf(':') + 1)..]}:";
                    await Eventually.HoldsAsync(() => server.Log.Contains(line, StringComparison.Ordinal),
                        $"{server.Name} says that it closes connections of {address}", details: () => server.Log);
                }
                Assert.Contains($"the descriptor limit is {Descriptors}", server.Log, StringComparison.Ordinal);
            }
            for (var i = 0; i < 50; i++)
                await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = $"r{i}", RoomId = $"room-{i}" },
                    deadline: DateTime.UtcNow.AddSeconds(60));
            foreach (var server in servers)
            {
                Assert.True(server.IsRunning, server.Log);
                Assert.InRange(Directory.GetFiles($"/proc/{server.Pid}/fd").Length, 1, Descriptors - 32);
                Assert.InRange(server.Log.Split("Too many connections").Length - 1, 1, 20); // lines at a pace, however many connections
            }
        }
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        foreach (var server in servers)
            await Eventually.HoldsAsync(async () => (await http.GetAsync(new Uri($"http://{server.HttpAddress}/readyz")))
                .IsSuccessStatusCode, $"{server.Name} takes connections again", details: () => server.Log);
        Assert.Contains("connections_refused", await http.GetStringAsync(new Uri($"http://{servers[0].HttpAddress}/metrics")),
            StringComparison.Ordinal);
        Assert.Equal(78, await RefusalAsync());
    }

    /// <summary>With too few to serve anybody it says so and does not start.</summary>
    private static async Task<int> RefusalAsync()
    {
        using var process = CliProcess.Start(["media", "--dev", "--node", "m", "--control", "127.0.0.1:1"], descriptors: 300);
        await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("LimitNOFILE", process.Errors, StringComparison.Ordinal);
        return process.ExitCode;
    }
}
