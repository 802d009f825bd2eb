using Grpc.Core;
using VideoScale.Harness.Browsers;
using VideoScale.V1;

namespace VideoScale.Bench.Calls;

/// <summary>A call of four, all of whom publish, whose room goes to another node: by MoveRoom, or because its node was killed.</summary>
internal sealed class MoveBench(Stage stage)
{
    /// <summary>
    /// Small pictures: four encoders, twelve decoders and five servers share the machine, and a move's time is not theirs.
    /// </summary>
    private const int Height = 180;
    private static readonly string[] Names = ["ann", "bob", "cid", "dan"];
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    internal async Task<Samples> MovesAsync(int rounds)
    {
        const string Room = "bench-moves";
        return await CallAsync(Room, rounds, async () =>
        {
            await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).MoveRoomAsync(new MoveRoomRequest
            {
                RequestId = Guid.NewGuid().ToString(),
                RoomId = Room,
            });
            return () => Task.CompletedTask;
        });
    }

    internal async Task<Samples> NodeKillsAsync(int rounds)
    {
        const string Room = "bench-node";
        return await CallAsync(Room, rounds, async () =>
        {
            var owner = (await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).GetRoomAsync(new GetRoomRequest { RoomId = Room }))
                .Room.NodeId;
            var victim = stage.Cluster.Media.Single(node => node.NodeId == owner);
            await victim.KillAsync();
            return async () =>
            {
                victim.Start();
                await victim.WaitForReadyAsync();
            };
        });
    }

    /// <param name="disturb">Does it, and returns what puts everything back.</param>
    private async Task<Samples> CallAsync(string room, int rounds, Func<Task<Func<Task>>> disturb)
    {
        var figures = new Samples();
        var callers = new List<Caller>();
        try
        {
            for (var i = 0; i < Names.Length; i++)
            {
                callers.Add(await stage.JoinAsync(i % 3, room, Names[i]));
                await callers[i].PublishAsync(height: Height);
            }
            await AllSeeAsync(callers);
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (viewer, seen) in Pairs(callers)) await viewer.WatchAsync(seen.Identity, "video", everyMs: 40);
                await Task.Delay(Calm);
                var beganMs = Now;
                var restore = await disturb();
                foreach (var caller in callers) await caller.HasSinceAsync(beganMs, "leave");
                foreach (var caller in callers) await caller.HasSinceAsync(beganMs, "reconnected");
                await AllSeeAsync(callers);
                foreach (var (viewer, seen) in Pairs(callers)) figures.Add("interruption", await viewer.GapMsAsync(seen.Identity, "video"));
                var placedMs = await CommitsAsync(figures, room, beganMs);
                foreach (var caller in callers) Take(figures, await caller.NotedAsync(beganMs), beganMs, placedMs);
                await restore();
            }
            return figures;
        }
        finally
        {
            foreach (var caller in callers) await caller.DisposeAsync();
        }
    }

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static IEnumerable<(Caller Viewer, Caller Seen)> Pairs(List<Caller> callers) =>
        callers.SelectMany(viewer => callers.Where(seen => seen != viewer).Select(seen => (viewer, seen)));

    private static async Task AllSeeAsync(List<Caller> callers)
    {
        foreach (var (viewer, seen) in Pairs(callers)) await viewer.SeesAsync(seen.Identity, frames: 5);
    }

    /// <summary>What the event log says of the hand-over.</summary>
    /// <returns>When the new owner was committed, in milliseconds since 1970 UTC.</returns>
    private async Task<double> CommitsAsync(Samples figures, string room, double beganMs)
    {
        var times = new Dictionary<string, double>(StringComparer.Ordinal);
        using var call = stage.Cluster.Audit(stage.Cluster.Replicas[0]).ReadStream(new ReadStreamRequest { Stream = $"room-{room}" });
        await foreach (var happened in call.ResponseStream.ReadAllAsync())
            if (happened.OccurredAtMs >= beganMs) times.TryAdd(happened.Type, happened.OccurredAtMs);
        foreach (var (name, type) in new[] { ("1 revoke committed", "RoomRevoked"), ("2 release committed", "RoomReleased"),
            ("3 new owner committed", "RoomPlaced") })
            if (times.TryGetValue(type, out var at)) figures.Add(name, at - beganMs);
        return times["RoomPlaced"];
    }

    /// <summary>One client's way, each step from the one before; names sort in the order of the steps.</summary>
    private static void Take(Samples figures, List<Noted> noted, double beganMs, double placedMs)
    {
        var leave = First(noted, "leave", beganMs);
        var socket = First(noted, "socket", leave);
        var open = First(noted, "open", socket);
        var answer = First(noted, "answer", First(noted, "join", open));
        figures.Add("4 new owner to leave received", leave - placedMs);
        figures.Add("5 leave to socket asked", socket - leave);
        figures.Add("6 socket asked to open", open - socket);
        figures.Add("7 open to offer answered", answer - open);
        // A client that keeps its connection may not tell of the new way's checks, since the old one holds until then.
        if (noted.Find(n => n.Kind == "dtls" && n.AtMs >= answer) is { } dtls) figures.Add("8 answer to dtls", dtls.AtMs - answer);
        foreach (var packet in noted.Where(n => n.Kind == "packet" && n.AtMs >= socket))
            figures.Add("9 answer to first packet", packet.AtMs - answer);
        foreach (var frame in noted.Where(n => n.Kind == "frame" && n.AtMs >= socket))
            figures.Add("a answer to first frame", frame.AtMs - answer);
    }

    private static double First(List<Noted> noted, string kind, double sinceMs) =>
        noted.First(n => n.Kind == kind && n.AtMs >= sinceMs).AtMs;
}
