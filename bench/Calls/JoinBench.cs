using VideoScale.Harness.Browsers;

namespace VideoScale.Bench.Calls;

/// <summary>
/// From asking to join until the first decoded frame and sound: a browser and libwebrtc, each through a replica of its own.
/// </summary>
internal sealed class JoinBench(Stage stage)
{
    internal async Task<Samples> RunAsync(int rounds)
    {
        const string Room = "bench-joins";
        var figures = new Samples();
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        await ann.PublishAsync(microphone: false, height: Caller.ThreeLayers);
        await ann.RunAsync("publishTone().then(() => 1)");
        await Task.Delay(TimeSpan.FromSeconds(3)); // all three layers are up
        for (var round = 0; round < rounds; round++)
        {
            await BrowserAsync(figures, Room, $"bob-{round}");
            await LibwebrtcAsync(figures, Room, $"cat-{round}");
        }
        return figures;
    }

    private async Task BrowserAsync(Samples figures, string room, string name)
    {
        await using var bob = await stage.OpenAsync(name);
        await bob.JoinAsync(stage.SignalUrl(1), Tokens.Join(room, name));
        await bob.HasAsync("decoded", "ann video");
        await bob.HasAsync("decoded", "ann audio");
        await bob.SeesAsync("ann");
        var noted = await bob.NotedAsync(0);
        var began = noted.First(n => n.Kind == "joining").AtMs;
        figures.Add("chromium first frame", noted.First(n => n is { Kind: "decoded", Detail: "ann video" }).AtMs - began);
        figures.Add("chromium first audio", noted.First(n => n is { Kind: "decoded", Detail: "ann audio" }).AtMs - began);
        await bob.RunAsync("room.disconnect().then(() => 1)");
    }

    private async Task LibwebrtcAsync(Samples figures, string room, string name)
    {
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(room, name), "silent");
        await cat.HasAsync("frame", "ann");
        await cat.HasAsync("audio", "ann");
        figures.Add("rtc node first frame", cat.AtMs("frame", "ann") - cat.AtMs("connecting"));
        figures.Add("rtc node first audio", cat.AtMs("audio", "ann") - cat.AtMs("connecting"));
    }
}
