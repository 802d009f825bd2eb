using System.Diagnostics;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;

namespace VideoScale.Bench.Calls;

/// <summary>
/// One of three replicas is frozen or gone, the leader or a follower: how long every verb of <c>ctl</c> and <c>audit</c> takes with it in
/// each place of
/// <c>--server</c>, and how long a stock client takes to join through each of the others, beside the same with all there.
/// </summary>
internal sealed class AbsentBench(Stage stage)
{
    private const string Room = "bench-absent";

    /// <summary>Every kind of verb; ROOM and NEW are filled in.</summary>
    private static readonly string[] Verbs =
    [
        "ctl room create NEW --keep-when-empty", "ctl room get ROOM", "ctl room list", "ctl room stats ROOM", "ctl room participants ROOM",
            "ctl room explain ROOM", "ctl room move NEW",
        "ctl room close NEW", "ctl node list", "ctl node get media-1", "ctl node cordon media-1", "ctl node uncordon media-1",
            "ctl cluster status", "audit tail", "audit why ROOM",
    ];

    private int _made;

    internal async Task<Samples> RunAsync(int rounds)
    {
        var figures = new Samples();
        using var ann = new NodeClient("listener.mjs", stage.SignalUrl(0), Tokens.Join(Room, "ann"));
        await ann.HasAsync("published");
        await AskAsync(figures, "all there", stage.Cluster.Replicas[0]);
        await JoinAsync(figures, "all there", stage.Cluster.Replicas);
        for (var round = 0; round < rounds; round++)
            foreach (var (frozen, leads) in ((bool, bool)[])[(true, true), (true, false), (false, true), (false, false)])
                await WithoutAsync(figures, frozen, leads);
        return figures;
    }

    private async Task WithoutAsync(Samples figures, bool frozen, bool leads)
    {
        var leader = await stage.Cluster.WaitForLeaderAsync();
        // The one that carries ann's signalling stays: only what others do is measured.
        var absent = leads ? leader : stage.Cluster.Replicas.Last(replica => replica != leader);
        var what = $"{(leads ? "leader" : "follower")} {(frozen ? "frozen" : "gone")}";
        if (frozen) absent.Freeze();
        else await absent.KillAsync();
        try
        {
            // At once: the first ones meet the election, too.
            await JoinAsync(figures, what, stage.Cluster.Replicas.Where(replica => replica != absent));
            await AskAsync(figures, what, absent);
        }
        finally
        {
            if (frozen) absent.Resume();
            else absent.Start();
            await stage.Cluster.WaitForReadyAsync();
        }
    }

    private async Task AskAsync(Samples figures, string what, ReplicaProcess absent)
    {
        for (var place = 0; place < 3; place++)
        {
            var servers = stage.Cluster.Replicas.Where(replica => replica != absent).Select(replica => replica.GrpcAddress).ToList();
            servers.Insert(place, absent.GrpcAddress);
            var made = $"absent-{_made++}";
            foreach (var verb in Verbs)
            {
                var began = Stopwatch.GetTimestamp();
                var done = await CliProcess.RunAsync([.. verb.Replace("ROOM", Room, StringComparison.Ordinal)
                    .Replace("NEW", made, StringComparison.Ordinal).Split(' '), "--server", string.Join(',', servers)]);
                figures.Add($"{what} in place {place + 1} of list", Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                // What a room cannot do just now, for example move before it is placed, is an answer too; nobody's answer is not.
                if (done.ExitCode != 0) figures.Add($"{what} verbs {(done.ExitCode == 1 ? "refused" : "unanswered")}", 1, "verbs");
                if (done.ExitCode is not (0 or 1))
                    await Console.Error.WriteLineAsync($"{verb} with {what} in place {place + 1}: {done.Errors}");
            }
        }
    }

    private async Task JoinAsync(Samples figures, string what, IEnumerable<ReplicaProcess> gateways)
    {
        foreach (var gateway in gateways)
        {
            using var cat = new NodeClient("listener.mjs", stage.SignalUrl(gateway.Index), Tokens.Join(Room, $"cat-{_made++}"), "silent");
            await cat.HasAsync("frame", "ann");
            figures.Add($"{what} join to connected", cat.AtMs("connected") - cat.AtMs("connecting"));
            figures.Add($"{what} join to first frame", cat.AtMs("frame", "ann") - cat.AtMs("connecting"));
        }
    }
}
