using VideoScale.Harness.Browsers;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Calls;

/// <summary>Media while no replica lives, beside the same time with all there.</summary>
internal sealed class OutageBench(Stage stage)
{
    internal async Task<Samples> NoControlPlaneAsync(TimeSpan outage)
    {
        const string Room = "bench-outage";
        var figures = new Samples();
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.RunAsync("publishTone().then(() => 1)");
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.HearsAsync("ann");
        await HearAsync(figures, "all there", bob, () => Task.CompletedTask, outage);
        var subscribed = await bob.CountAsync("trackSubscribed");
        await HearAsync(figures, "none there", bob, () => Task.WhenAll(stage.Cluster.Replicas.Select(replica => replica.KillAsync())),
            outage);
        var backMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var replica in stage.Cluster.Replicas) replica.Start();
        await stage.Cluster.WaitForReadyAsync();
        foreach (var caller in new[] { ann, bob })
        {
            await caller.HasSinceAsync(backMs, "reconnected");
            figures.Add("signalling back after restart",
                (await caller.NotedAsync(backMs)).First(noted => noted.Kind == "reconnected").AtMs - backMs);
        }
        await using var cat = await stage.JoinAsync(2, Room, "cat");
        await cat.HearsAsync("ann");
        figures.Add("somebody new hears after restart", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - backMs);
        figures.Add("subscribed anew", await bob.CountAsync("trackSubscribed") - subscribed, "times");
        return figures;
    }

    /// <summary>A continuous sound, 50 packets a second: how many came, how many were lost, and the longest time without one.</summary>
    private static async Task HearAsync(Samples figures, string name, Caller bob, Func<Task> disturb, TimeSpan time)
    {
        await bob.WatchAsync("ann", "audio", everyMs: 10);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var before = (await bob.ReceivedAsync("ann", "audio"))!;
        var began = Environment.TickCount64;
        await disturb();
        await Task.Delay(time);
        var after = (await bob.ReceivedAsync("ann", "audio"))!;
        var seconds = (Environment.TickCount64 - began) / 1000.0;
        figures.Add($"{name} longest without packet", await bob.GapMsAsync("ann", "audio"));
        figures.Add($"{name} packets", (after.Packets - before.Packets) / seconds, "packets/s", Better.Higher);
        figures.Add($"{name} packets lost", after.Lost - before.Lost, "packets");
        figures.Add($"{name} samples concealed", (after.Concealed - before.Concealed) * 1000 / Math.Max(1, after.Samples - before.Samples),
            "‰");
    }
}
