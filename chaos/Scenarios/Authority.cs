using Grpc.Core;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// Both media nodes are asked for seats all the time, on one clock, while they are frozen, cut off, killed, and while rooms
/// are moved, drained, closed and made again: never do two grant in one room at once, never under an epoch that is over.
/// </summary>
public sealed class Authority : IScenario
{
    private const int Rooms = 8;
    private const int Faults = 7;
    /// <summary>Longer than lease and margin (5.5 s), so that the node's rooms go elsewhere.</summary>
    private static readonly TimeSpan BeyondLease = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public string Name => "authority";
    public string Summary =>
        "media nodes frozen, cut off, killed; rooms moved, drained, closed: authority never overlaps, no stale epoch grants";
    public int DefaultRounds => 14;
    public bool NeedsNamespaces => true;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 2) { Namespaced = true }, options,
            cancellationToken);
        var rooms = Enumerable.Range(0, Rooms).Select(i => $"authority-{i}").ToArray();
        var client = new RetryingClient(fleet.Replicas, 0);
        foreach (var room in rooms) await CreateAsync(client, room, cancellationToken);
        var probes = new SeatProbes(fleet.Replicas, fleet.Nodes, rooms, options.Busy);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var probing = probes.RunAsync(stop.Token);
        var random = new Random(options.Seed);
        for (var round = 0; round < options.Rounds; round++)
        {
            await Task.Delay(Settle, cancellationToken);
            var fault = round % Faults;
            var node = BusiestOf(probes) ?? fleet.NodeNames[random.Next(fleet.NodeNames.Count)];
            await StrikeAsync(fault, node, fleet, client, probes, rooms, random, cancellationToken);
            await Console.Error.WriteLineAsync(
                $"round {round + 1}/{options.Rounds}: {NameOf(fault)} on {node}; {probes.Grants.Count} grants, {probes.Refusals} "
                + $"refusals, {probes.EpochsSeen} epochs");
        }
        await Task.Delay(Settle, cancellationToken);
        await stop.CancelAsync();
        await probing;
        result.Violate(AuthorityChecker.Check(probes.Grants));
        result.Figures["grants"] = probes.Grants.Count;
        result.Figures["refusals"] = probes.Refusals;
        result.Figures["epochs"] = probes.EpochsSeen;
        result.Figures["asked_under_stale_epoch"] = probes.StaleAsked;
        result.Figures["granted_under_stale_epoch"] = probes.StaleGranted;
        result.Figures["packets_cut"] = fleet.PacketsCut();
        result.DemandAtLeast("grants", 1_000);
        result.DemandAtLeast("asked_under_stale_epoch", 100);
        result.DemandAtLeast("epochs", Rooms + options.Rounds);
        if (result.Doubts.Count > 0) result.Doubts.AddRange(probes.Unanswered.Take(5));
        if (options.Rounds > 2) result.DemandAtLeast("packets_cut", 1);
        result.Violate(await ReplicaAgreement.CheckAsync(fleet.Replicas, TimeSpan.FromSeconds(60), cancellationToken));
    }

    /// <summary>Who has most of the rooms: a node without any is no fault's worth.</summary>
    private static string? BusiestOf(SeatProbes probes) => probes.Grants.GroupBy(static grant => grant.Room)
        .Select(static room => room.MaxBy(static grant => (grant.Epoch, grant.LatestNs)).Node)
        .GroupBy(static node => node).MaxBy(static node => node.Count())?.Key;

    private static string NameOf(int fault) => fault switch
    {
        0 => "freeze beyond lease",
        1 => "cut both ways",
        2 => "cut leader to node only",
        3 => "kill and return",
        4 => "move all rooms",
        5 => "drain and cancel",
        _ => "close and recreate",
    };

    private static async Task StrikeAsync(int fault, string node, Fleet fleet, RetryingClient client, SeatProbes probes, string[] rooms,
        Random random, CancellationToken cancellationToken)
    {
        switch (fault)
        {
            case 0:
                fleet.PauseNode(node);
                var from = History.NowNs; // what is sent from now on is not looked at before it is thawed
                await Task.Delay(BeyondLease, cancellationToken);
                var to = History.NowNs;
                probes.WasFrozen(node, from, to);
                fleet.ResumeNode(node);
                break;
            case 1:
                fleet.CutNode(node, toNode: true, fromNode: true);
                await Task.Delay(BeyondLease, cancellationToken);
                fleet.Heal();
                break;
            case 2:
                fleet.CutNode(node, toNode: true, fromNode: false);
                await Task.Delay(BeyondLease, cancellationToken);
                fleet.Heal();
                break;
            case 3:
                await fleet.KillNodeAsync(node);
                await Task.Delay(random.Next(2) == 0 ? TimeSpan.FromSeconds(1) : BeyondLease, cancellationToken);
                await fleet.StartNodeAsync(node, cancellationToken);
                break;
            case 4:
                foreach (var room in rooms)
                    await CallAsync(client, (s, id, o) => s.MoveRoomAsync(new MoveRoomRequest { RequestId = id, RoomId = room }, o),
                        cancellationToken);
                break;
            case 5:
                await DrainAndCancelAsync(client, node, cancellationToken);
                break;
            default:
                foreach (var room in rooms)
                {
                    await CallAsync(client, (s, id, o) => s.CloseRoomAsync(new CloseRoomRequest { RequestId = id, RoomId = room }, o),
                        cancellationToken);
                    await CreateAsync(client, room, cancellationToken);
                }
                break;
        }
    }

    private static async Task DrainAndCancelAsync(RetryingClient client, string node, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        await client.CallAsync((invoker, o) => new NodeService.NodeServiceClient(invoker)
            .DrainNodeAsync(new DrainNodeRequest { RequestId = id, NodeId = node, WithinSeconds = 1 }, o), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(4), cancellationToken);
        var cancelId = Guid.NewGuid().ToString("N");
        await client.CallAsync((invoker, o) => new NodeService.NodeServiceClient(invoker)
            .CancelDrainAsync(new CancelDrainRequest { RequestId = cancelId, NodeId = node }, o), cancellationToken);
        var uncordonId = Guid.NewGuid().ToString("N"); // a drain that had completed leaves the node out until it is let in again
        await client.CallAsync((invoker, o) => new NodeService.NodeServiceClient(invoker)
            .UncordonNodeAsync(new UncordonNodeRequest { RequestId = uncordonId, NodeId = node }, o), cancellationToken);
    }

    private static Task CreateAsync(RetryingClient client, string room, CancellationToken cancellationToken) =>
        CallAsync(client, (s, id, o) =>
        s.CreateRoomAsync(new CreateRoomRequest { RequestId = id, RoomId = room, ExpectedParticipants = 4, KeepWhenEmpty = true }, o),
            cancellationToken);

    private static async Task CallAsync<T>(RetryingClient client,
        Func<RoomService.RoomServiceClient, string, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        await client.CallAsync((invoker, o) => call(new RoomService.RoomServiceClient(invoker), id, o), cancellationToken);
    }
}
