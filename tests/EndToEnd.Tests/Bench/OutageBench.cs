namespace VideoScale.EndToEnd.Tests.Bench;

/// <summary>Media while no replica lives, beside the same time with all there.</summary>
internal sealed class OutageBench(Stage stage)
{
    internal async Task<Figures> NoControlPlaneAsync(TimeSpan outage)
    {
        const string Room = "bench-outage";
        var figures = new Figures();
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.RunAsync("publishTone().then(() => 1)");
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await bob.HearsAsync("ann");
        await HearAsync(figures, "all_there", bob, () => Task.CompletedTask, outage);
        var subscribed = await bob.CountAsync("trackSubscribed");
        await HearAsync(figures, "none_there", bob, () => Task.WhenAll(stage.Cluster.Replicas.Select(replica => replica.KillAsync())), outage);
        var backMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (var replica in stage.Cluster.Replicas) replica.Start();
        await stage.Cluster.WaitForReadyAsync();
        foreach (var caller in new[] { ann, bob })
        {
            await caller.HasSinceAsync(backMs, "reconnected");
            figures.Add("signalling_back_after_restart_ms", (await caller.NotedAsync(backMs)).First(noted => noted.Kind == "reconnected").AtMs - backMs);
        }
        await using var cat = await stage.JoinAsync(2, Room, "cat");
        await cat.HearsAsync("ann");
        figures.Add("somebody_new_hears_after_restart_ms", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - backMs);
        figures.Add("subscribed_anew", await bob.CountAsync("trackSubscribed") - subscribed);
        return figures;
    }

    /// <summary>A continuous sound, 50 packets a second: how many came, how many were lost, and the longest time without one.</summary>
    private static async Task HearAsync(Figures figures, string name, Caller bob, Func<Task> disturb, TimeSpan time)
    {
        await bob.WatchAsync("ann", "audio", everyMs: 10);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var before = (await bob.ReceivedAsync("ann", "audio"))!;
        var began = Environment.TickCount64;
        await disturb();
        await Task.Delay(time);
        var after = (await bob.ReceivedAsync("ann", "audio"))!;
        var seconds = (Environment.TickCount64 - began) / 1000.0;
        figures.Add($"{name}_longest_without_packet_ms", await bob.GapMsAsync("ann", "audio"));
        figures.Add($"{name}_packets_per_second", (after.Packets - before.Packets) / seconds);
        figures.Add($"{name}_packets_lost", after.Lost - before.Lost);
        figures.Add($"{name}_samples_concealed_permille", (after.Concealed - before.Concealed) * 1000 / Math.Max(1, after.Samples - before.Samples));
    }
}
