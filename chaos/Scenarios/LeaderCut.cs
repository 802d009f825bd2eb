using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// The leader is cut off from both followers, both ways or one, while they forward writes to it: whoever waits lets go when another leads,
/// and nothing fails but what is told, while nobody leads for long, that nobody does. Then whoever asks the cut one is told why it cannot
/// serve, and the command line finds the others wherever it stands in the list.
/// </summary>
public sealed class LeaderCut : IScenario
{
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(40); // at each follower: 50 a second together
    private static readonly TimeSpan Before = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A write that was on its way to the lost leader may end this much later than new ones succeed. Loose: machines that run this are
    /// busy.
    /// </summary>
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(2);

    /// <param name="Election">Until new writes succeed.</param>
    /// <param name="Write">The deadline of one.</param>
    private sealed record Limits(TimeSpan Election, TimeSpan Write)
    {
        /// <summary>Ticks make an election 0.6 s at most; votes may split, and machines that run this are busy.</summary>
        private static readonly Limits Usual = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));

        /// <summary>
        /// There a leader that hears nothing gives up when its lease (5 s) could not be renewed, and etcd, which may have heard it until
        /// then, lets another lead when it has ended there as well.
        /// </summary>
        private static readonly Limits OverEtcd = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(40));

        internal static Limits Of(string engine) => engine == ClusterShape.EtcdEngine ? OverEtcd : Usual;
    }

    public string Name => "leader-cut";
    public string Summary =>
        "links of the leader cut both ways, to it, from it: forwarded writes go to its successor, callers of the cut one elsewhere";
    public int DefaultRounds => 3;
    public bool NeedsNamespaces => true;

    private sealed record Write(TimeSpan Began, TimeSpan Ended, StatusCode Status, string Detail);

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 1) { Namespaced = true }, options,
            cancellationToken);
        var limits = Limits.Of(options.Engine);
        var (worstMs, worstBehindMs, worstElectionMs, writes, refused) = (0.0, 0.0, 0.0, 0, 0);
        for (var round = 0; round < options.Rounds; round++)
        {
            var (hears, speaks, what) = (round % 3) switch
            {
                0 => (false, false, "both ways"),
                1 => (false, true, "to it"),
                _ => (true, false, "from it")
            };
            var leader = await fleet.LeaderAsync(cancellationToken);
            var done = await WriteWhileAsync(fleet, leader, $"cut-{round}", limits, () => fleet.CutReplica(leader, hears, speaks),
                cancellationToken);
            TimeSpan[] succeeded = [.. done.Calls.Where(w => w.Began > done.Cut && w.Status == StatusCode.OK).Select(w => w.Ended)];
            TimeSpan? fresh = succeeded.Length > 0 ? succeeded.Min() : null;
            var failed = done.Calls.Where(w => w.Status != StatusCode.OK)
                .ToLookup(w => fresh is { } known && w.Began < known && NobodyLeads.IsSaidBy(w.Status, w.Detail));
            foreach (var wrong in failed[false].Take(3))
                result.Violations.Add(
                    $"round {round} ({what}): a forwarded write begun {(wrong.Began - done.Cut).TotalMilliseconds:0} ms after the cut "
                    + $"ended {wrong.Status}: {wrong.Detail}");
            var election = fresh - done.Cut ?? limits.Election;
            if (fresh is null || election > limits.Election)
                result.Violations.Add($"round {round} ({what}): no write succeeded in {limits.Election.TotalSeconds:0} s after the cut");
            var last = done.Calls.Where(w => w.Began <= done.Cut).Max(w => w.Ended);
            var behind = last - fresh ?? TimeSpan.Zero;
            if (behind > Behind)
                result.Violations.Add(
                    $"round {round} ({what}): a write from before the cut ended {behind.TotalMilliseconds:0} ms after new ones succeeded");
            worstMs = Math.Max(worstMs, done.Calls.Max(w => (w.Ended - w.Began).TotalMilliseconds));
            worstBehindMs = Math.Max(worstBehindMs, behind.TotalMilliseconds);
            worstElectionMs = Math.Max(worstElectionMs, election.TotalMilliseconds);
            (writes, refused) = (writes + done.Calls.Count, refused + failed[true].Count());
            await Console.Error.WriteLineAsync(
                $"cut {round + 1}/{options.Rounds} ({what}): {done.Calls.Count} writes, the slowest "
                + $"{done.Calls.Max(w => (w.Ended - w.Began).TotalMilliseconds):0} ms, {failed[true].Count()} told that nobody leads; "
                + $"new ones succeeded {election.TotalMilliseconds:0} ms after the cut");
            if (round == 0) await AskEverywhereAsync(fleet, leader, options, result, cancellationToken);
            fleet.Heal();
            await fleet.AwaitLeaderKnownAsync(cancellationToken);
        }
        result.Figures["writes"] = writes;
        result.Figures["slowest_write_ms"] = worstMs;
        result.Figures["behind_new_writes_ms"] = worstBehindMs;
        result.Figures["longest_election_ms"] = worstElectionMs;
        result.Figures["told_nobody_leads"] = refused;
        result.Figures["packets_cut"] = fleet.PacketsCut();
        result.DemandAtLeast("packets_cut", options.Rounds);
        result.DemandAtLeast("writes", 40 * options.Rounds);
    }

    private static async Task<(TimeSpan Cut, IReadOnlyCollection<Write> Calls)> WriteWhileAsync(Fleet fleet, int leader, string prefix,
        Limits limits, Action cut, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var calls = new ConcurrentBag<Write>();
        var running = new List<Task>();
        using var timer = new PeriodicTimer(BetweenWrites);
        TimeSpan? cutAt = null;
        for (var i = 0; cutAt is not { } at || clock.Elapsed < at + After
            || (clock.Elapsed < at + limits.Election && !calls.Any(w => w.Began > at && w.Status == StatusCode.OK)); i++)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            for (var replica = 0; replica < fleet.Replicas.Count; replica++)
                if (replica != leader) running.Add(WriteAsync(fleet, replica, $"{prefix}-{replica}-{i}", limits.Write, clock, calls));
            if (cutAt is not null || clock.Elapsed < Before) continue;
            cutAt = clock.Elapsed;
            cut();
        }
        await Task.WhenAll(running);
        return (cutAt!.Value, calls);
    }

    private static async Task WriteAsync(Fleet fleet, int replica, string room, TimeSpan limit, Stopwatch clock, ConcurrentBag<Write> calls)
    {
        var began = clock.Elapsed;
        try
        {
            await new RoomService.RoomServiceClient(fleet.Replicas[replica])
                .CreateRoomAsync(new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true },
                deadline: DateTime.UtcNow + limit);
            calls.Add(new Write(began, clock.Elapsed, StatusCode.OK, ""));
        }
        catch (RpcException e) { calls.Add(new Write(began, clock.Elapsed, e.StatusCode, e.Status.Detail)); }
    }

    /// <summary>
    /// The cut one says why it cannot serve; the command line answers with it, and with one that is frozen, in every place of its list.
    /// </summary>
    private static async Task AskEverywhereAsync(Fleet fleet, int cut, ScenarioOptions options, ScenarioResult result,
        CancellationToken cancellationToken)
    {
        var silent = options.Engine == ClusterShape.EtcdEngine ? "no answer of etcd" : "2 do not answer";
        await ExplainsAsync(() => new RoomService.RoomServiceClient(fleet.Replicas[cut])
            .CreateRoomAsync(new CreateRoomRequest { RequestId = "lost", RoomId = "lost" }, deadline: Soon()).ResponseAsync, "a write");
        await ExplainsAsync(() => new RoomService.RoomServiceClient(fleet.Replicas[cut])
            .GetRoomAsync(new GetRoomRequest { RoomId = "lost" }, deadline: Soon()).ResponseAsync, "a read");
        using var watch = new RoomService.RoomServiceClient(fleet.Replicas[cut])
            .WatchRooms(new WatchRoomsRequest(), deadline: Soon(), cancellationToken: cancellationToken);
        await ExplainsAsync(() => watch.ResponseStream.MoveNext(cancellationToken), "a watch");
        var worst = 0.0;
        foreach (var frozen in (bool[])[false, true])
        {
            if (frozen) fleet.PauseReplica(cut);
            for (var place = 0; place < 3; place++)
            {
                var list = Enumerable.Range(0, 3).Where(i => i != cut).Select(fleet.AddressOf).ToList();
                list.Insert(place, fleet.AddressOf(cut));
                var asked = await Task.WhenAll(new[] { $"ctl room create asked-{frozen}-{place}", "ctl room list", "audit tail" }
                    .Select(async verb =>
                {
                    var began = Stopwatch.GetTimestamp();
                    var (code, output) = await Fleet.RunCliAsync([.. verb.Split(' '), "--timeout", "8", "--server", string.Join(',', list),
                        .. fleet.Credentials]);
                    return (Verb: verb, Code: code, Output: output, Ms: Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }));
                worst = Math.Max(worst, asked.Max(one => one.Ms));
                foreach (var one in asked.Where(one => one.Code != 0))
                    result.Violations.Add(
                        $"{one.Verb} with the {(frozen ? "frozen" : "cut off")} replica in place {place} of --server ended with "
                        + $"{one.Code}: {one.Output.Trim()}");
            }
            if (frozen) fleet.ResumeReplica(cut);
        }
        result.Figures["slowest_command_ms"] = worst;
        await Console.Error.WriteLineAsync($"the slowest command took {worst:0} ms");

        async Task ExplainsAsync(Func<Task> call, string what)
        {
            try
            {
                await call();
                result.Violations.Add($"{what} at the cut off replica was served");
            }
            catch (RpcException e)
            {
                if (!NobodyLeads.IsSaidBy(e.StatusCode, e.Status.Detail)
                    || !e.Status.Detail.Contains(silent, StringComparison.Ordinal))
                    result.Violations.Add($"{what} at the cut off replica ended {e.StatusCode}: {e.Status.Detail}");
            }
        }

        DateTime Soon() => DateTime.UtcNow + Limits.Of(options.Engine).Write;
    }
}
