using VideoScale.Harness.Browsers;
using VideoScale.V1;

namespace VideoScale.Bench.Calls;

/// <summary>
/// One browser in a call with three others, who all publish: its join, what the others get of it, and its room moved to another node.
/// </summary>
internal sealed class BrowserBench(Stage stage)
{
    private const int Height = 180; // encoders, decoders and servers share the machine
    private static readonly string[] Others = ["ann", "bob", "cat"];
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(2);

    internal async Task<Samples> RunAsync(BrowserKind browser, int rounds)
    {
        var room = $"bench-{browser.ToString().ToLowerInvariant()}";
        var figures = new Samples();
        await using var ann = await stage.JoinAsync(0, room, "ann");
        await ann.PublishAsync(height: Height);
        using var bob = new NodeClient("listener.mjs", stage.SignalUrl(1), Tokens.Join(room, "bob"));
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(room, "cat"));
        await bob.HasAsync("published");
        await cat.HasAsync("published");
        for (var round = 0; round < rounds; round++)
        {
            var identity = $"fox-{round}";
            await using var fox = await stage.OpenAsync(identity, browser);
            await JoinAsync(figures, room, fox);
            await PublishAsync(figures, ann, fox);
            await MoveAsync(figures, room, ann, fox);
            await fox.RunAsync("room.disconnect().then(() => 1)");
        }
        return figures;
    }

    private async Task JoinAsync(Samples figures, string room, Caller fox)
    {
        await fox.JoinAsync(stage.SignalUrl(1), Tokens.Join(room, fox.Identity));
        foreach (var other in Others)
        {
            await fox.HasAsync("decoded", $"{other} video");
            await fox.HasAsync("decoded", $"{other} audio");
        }
        var noted = await fox.NotedAsync(0);
        var began = noted.First(n => n.Kind == "joining").AtMs;
        figures.Add("1 join to connected", noted.First(n => n.Kind == "connected").AtMs - began);
        foreach (var other in Others)
        {
            figures.Add("2 join to frame of each of three",
                noted.First(n => n.Kind == "decoded" && n.Detail == $"{other} video").AtMs - began);
            figures.Add("3 join to sound of each of three",
                noted.First(n => n.Kind == "decoded" && n.Detail == $"{other} audio").AtMs - began);
        }
    }

    private static async Task PublishAsync(Samples figures, Caller ann, Caller fox)
    {
        var began = Now;
        await fox.PublishAsync(height: Height);
        await ann.HasAsync("decoded", $"{fox.Identity} video");
        await ann.HasAsync("decoded", $"{fox.Identity} audio");
        var noted = await ann.NotedAsync(began);
        figures.Add("4 camera asked to frame at another",
            noted.First(n => n.Kind == "decoded" && n.Detail == $"{fox.Identity} video").AtMs - began);
        figures.Add("5 camera asked to sound at another",
            noted.First(n => n.Kind == "decoded" && n.Detail == $"{fox.Identity} audio").AtMs - began);
    }

    private async Task MoveAsync(Samples figures, string room, Caller ann, Caller fox)
    {
        foreach (var other in Others) await fox.SeesAsync(other, frames: 5);
        foreach (var other in Others) await fox.WatchAsync(other, "video", everyMs: 40);
        await ann.WatchAsync(fox.Identity, "video", everyMs: 40);
        await Task.Delay(Calm);
        var began = Now;
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = room,
        });
        await fox.HasSinceAsync(began, "leave");
        await fox.HasSinceAsync(began, "reconnected");
        foreach (var other in Others) await fox.SeesAsync(other, frames: 5);
        await ann.SeesAsync(fox.Identity, frames: 5);
        foreach (var other in Others) figures.Add("6 move longest without packet from each of three", await fox.GapMsAsync(other, "video"));
        figures.Add("7 move longest without packet at another", await ann.GapMsAsync(fox.Identity, "video"));
        var noted = await fox.NotedAsync(began);
        var last = began;
        foreach (var (name, kind) in Steps)
        {
            if (noted.Find(n => n.Kind == kind && n.AtMs >= last) is not { } step) continue;
            figures.Add($"8 move to {name}", step.AtMs - began);
            last = step.AtMs;
        }
        figures.Add("8 move to g reconnected", noted.First(n => n.Kind == "reconnected").AtMs - began);
        foreach (var frame in noted.Where(n => n.Kind == "frame")) figures.Add("8 move to f frame", frame.AtMs - began);
    }

    /// <summary>A client's way back, as its tab notes it; names sort in the order of the steps.</summary>
    private static readonly (string Name, string Kind)[] Steps = [("a_told", "leave"), ("b_socket_asked", "socket"),
        ("c_socket_open", "open"), ("d_answered", "answer"), ("e_dtls", "dtls")];

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
