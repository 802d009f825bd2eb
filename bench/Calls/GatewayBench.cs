using System.Text.Json;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;

namespace VideoScale.Bench.Calls;

/// <summary>
/// The replica that carries signalling of Chromium, Firefox and rtc-node is killed, round after round, beside the same time with nothing
/// killed: one whose only URL comes back by a listening socket that outlives the process, and one behind a balancer that leads to another.
/// </summary>
internal sealed class GatewayBench(Stage stage)
{
    private const int BalancerPort = Stage.BasePort + 950;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(6);

    internal async Task<Samples> OneUrlAsync(int rounds)
    {
        var gateway = stage.Cluster.Replicas[1];
        await using var keptSocket = await Stage.KeepSocketAsync(gateway);
        return await RunAsync("bench-one-url", stage.SignalUrl(1), rounds, async () =>
        {
            await gateway.KillAsync();
            gateway.Start();
            return () => gateway.WaitForReadyAsync();
        });
    }

    internal async Task<Samples> BalancedAsync(int rounds)
    {
        var replicas = stage.Cluster.Replicas;
        // ann's own gateway lives
        await using var balancer = new Balancer(BalancerPort, [replicas[1].HttpAddress, replicas[2].HttpAddress], inTurn: false);
        return await RunAsync("bench-balanced", $"ws://127.0.0.1:{BalancerPort}", rounds, async () =>
        {
            var victim = replicas[1 + balancer.Last];
            await victim.KillAsync();
            return async () =>
            {
                balancer.Prefer(balancer.Last); // who moved over stays
                victim.Start();
                await victim.WaitForReadyAsync();
            };
        });
    }

    /// <param name="kill">Kills it, and returns what puts everything back.</param>
    private async Task<Samples> RunAsync(string room, string url, int rounds, Func<Task<Func<Task>>> kill)
    {
        var figures = new Samples();
        await using var ann = await stage.JoinAsync(0, room, "ann");
        await ann.RunAsync("publishTone().then(() => 1)");
        await using var chromium = await stage.OpenAsync("chromium");
        await using var firefox = await stage.OpenAsync("firefox", BrowserKind.Firefox);
        foreach (var caller in (Caller[])[chromium, firefox])
        {
            await caller.JoinAsync(url, Tokens.Join(room, caller.Identity));
            await caller.HearsAsync("ann");
        }
        using var native = new NodeClient("packets.mjs", url, Tokens.Join(room, "rtc-node"));
        await native.HasAsync("second", times: 2);
        for (var round = 0; round < rounds; round++)
        {
            await HearAsync(figures, "no kill", [chromium, firefox], native, () => Task.CompletedTask);
            var beganMs = Now;
            Func<Task> restore = () => Task.CompletedTask;
            await HearAsync(figures, "kill", [chromium, firefox], native, async () => restore = await kill());
            foreach (var caller in (Caller[])[chromium, firefox])
            {
                await caller.HasSinceAsync(beganMs, "reconnected");
                figures.Add($"{caller.Identity} kill signalling back",
                    (await caller.NotedAsync(beganMs)).First(noted => noted.Kind == "reconnected").AtMs - beganMs);
            }
            await native.HasAsync("reconnected", times: round + 1);
            figures.Add("rtc-node kill signalling back", native.Said("reconnected")[^1].AtMs - beganMs);
            await restore();
        }
        foreach (var caller in (Caller[])[chromium, firefox])
        {
            figures.Add($"{caller.Identity} connected anew", await caller.CountAsync("reconnecting"), "times");
            figures.Add($"{caller.Identity} subscribed anew", await caller.CountAsync("trackSubscribed") - 1, "times");
        }
        figures.Add("rtc-node subscribed anew", native.Count("subscribed") - 1, "times");
        return figures;
    }

    /// <summary>A continuous sound, 50 packets a second: how many were lost, and the longest time without one.</summary>
    private static async Task HearAsync(Samples figures, string name, Caller[] callers, NodeClient native, Func<Task> disturb)
    {
        foreach (var caller in callers) await caller.WatchAsync("ann", "audio", everyMs: 10);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var lostBefore = new Dictionary<string, long>();
        foreach (var caller in callers) lostBefore[caller.Identity] = (await caller.ReceivedAsync("ann", "audio"))!.Lost;
        var beganMs = Now;
        await disturb();
        await Task.Delay(Watched);
        foreach (var caller in callers)
        {
            figures.Add($"{caller.Identity} {name} longest without packet", await caller.GapMsAsync("ann", "audio"));
            figures.Add($"{caller.Identity} {name} packets lost",
                (await caller.ReceivedAsync("ann", "audio"))!.Lost - lostBefore[caller.Identity], "packets");
        }
        var seconds = native.Said("second").Where(said => said.AtMs >= beganMs)
            .Select(said => JsonSerializer.Deserialize<Second>(said.Detail, JsonSerializerOptions.Web)!).ToList();
        figures.Add($"rtc-node {name} longest without packet", seconds.Max(second => second.LongestMs));
        figures.Add($"rtc-node {name} packets lost", seconds[^1].Lost - seconds[0].Lost, "packets");
    }

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>What rtc-node tells of a second: the longest time without a new packet in it, and all that were lost so far.</summary>
    private sealed record Second(double LongestMs, long Packets, long Lost);
}
