using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// The followers' disks take nothing while the leader is asked to write; then all replicas are killed, and those followers decide first.
/// What was acknowledged without a majority's disks is lost.
/// </summary>
public sealed class Lose : IScenario
{
    private const int Writes = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public string Name => "lose";
    public string Summary => "followers' disks held, writes, kill -9 of all: nothing is acknowledged that a majority's disks do not have";
    public int DefaultRounds => 1;
    public bool NeedsNamespaces => false;

    public string? WhyNotOn(string engine) =>
        engine == ClusterShape.EtcdEngine ? "its log is on the disks of etcd, which are not held here" : null;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        var disks = await StubbornDisk.CompileAsync(options.Out);
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 1), options, cancellationToken, replica =>
            disks.Environment(replica,
                only: $"/{replica}/{(options.Engine.StartsWith("dotnext", StringComparison.Ordinal) ? "dotnext" : "log")}"));
        int held = 0, acknowledged = 0;
        for (var round = 0; round < options.Rounds; round++)
        {
            var leader = await fleet.LeaderAsync(cancellationToken);
            int[] followers = [.. Enumerable.Range(0, fleet.Replicas.Count).Where(i => i != leader)];
            foreach (var follower in followers) disks.Hold(fleet.NameOf(follower));
            string[] rooms = [.. Enumerable.Range(0, Writes).Select(i => $"held-{round}-{i}")];
            var answers = await Task.WhenAll(rooms.Select(room => IsAcknowledgedAsync(fleet.Replicas[leader], room)));
            held += rooms.Length;
            acknowledged += answers.Count(answer => answer);
            for (var i = 0; i < fleet.Replicas.Count; i++) await fleet.KillReplicaAsync(i);
            foreach (var follower in followers) disks.GoOn(fleet.NameOf(follower));
            foreach (var follower in followers) fleet.BeginReplica(follower);
            await fleet.AwaitCommitAsync(except: leader, $"decided-{round}", cancellationToken);
            foreach (var (room, answer) in rooms.Zip(answers))
                if (answer && !await fleet.HasRoomAsync(followers[0], room, cancellationToken))
                    result.Violations.Add($"round {round}: {room} was acknowledged, and is lost");
            await Console.Error.WriteLineAsync($"round {round + 1}/{options.Rounds}: {acknowledged} of {held} held writes acknowledged");
            if (result.Violations.Count > 0) break; // the old leader holds another log, and the others need not agree with it
            await fleet.StartReplicaAsync(leader, cancellationToken);
        }
        result.Figures["held_writes"] = held;
        result.Figures["held_writes_acknowledged"] = acknowledged;
        result.DemandAtLeast("held_writes", Writes);
        if (result.Violations.Count == 0) result.Violate(await fleet.DisagreementsAsync(cancellationToken));
    }

    private static async Task<bool> IsAcknowledgedAsync(ChannelBase leader, string room)
    {
        try
        {
            await new RoomService.RoomServiceClient(leader).CreateRoomAsync(
                new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true }, deadline: DateTime.UtcNow + Patience);
            return true;
        }
        catch (RpcException) { return false; }
    }
}
