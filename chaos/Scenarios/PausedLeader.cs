using Grpc.Core;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// A leader is frozen until another leads and has written, then thawed: at once it is asked for linearizable reads and writes.
/// </summary>
public sealed class PausedLeader : IScenario
{
    private const int ReadersPerThaw = 16;

    public string Name => "paused-leader";
    public string Summary => "SIGSTOP, then SIGCONT of the leader: no stale linearizable read, no acknowledgement in an old term";
    public int DefaultRounds => 10;
    public bool NeedsNamespaces => true; // who is frozen when the harness is killed must end as well

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 2), options, cancellationToken);
        await using var load = Load.Start(fleet, options);
        int reads = 0, answered = 0;
        for (var round = 0; round < options.Rounds; round++)
        {
            await Task.Delay(500, cancellationToken);
            var old = await fleet.LeaderAsync(cancellationToken);
            var room = $"paused-{round}";
            await load.AwaitOutstandingAsync(16, cancellationToken);
            fleet.PauseReplica(old);
            var index = await fleet.AwaitCommitAsync(except: old, room, cancellationToken);
            // Requests that wait in the frozen leader's sockets are the first it sees after it thaws.
            var waiting = Enumerable.Range(0, ReadersPerThaw).Select(_ => ReadAsync(fleet, old, room)).ToArray();
            await Task.Delay(50, cancellationToken);
            fleet.ResumeReplica(old);
            foreach (var read in waiting.Concat(Enumerable.Range(0, ReadersPerThaw).Select(_ => ReadAsync(fleet, old, room))))
            {
                reads++;
                if (await read is not { } answer) continue;
                answered++;
                if (answer.AppliedIndex < index)
                    result.Violations.Add(
                        $"round {round}: the thawed leader answered {room} at index {answer.AppliedIndex}, before the acknowledged "
                        + $"{index}");
                else if (!answer.Found) result.Violations.Add($"round {round}: the thawed leader's linearizable read does not know {room}");
            }
            await Console.Error.WriteLineAsync($"pause {round + 1}/{options.Rounds}: {answered}/{reads} reads answered");
        }
        await load.FinishAsync(result, options.Out, cancellationToken);
        result.Figures["reads_of_thawed_leader"] = reads;
        result.Figures["reads_answered"] = answered;
        result.DemandAtLeast("reads_answered", options.Rounds);
    }

    private static async Task<(bool Found, ulong AppliedIndex)?> ReadAsync(Fleet fleet, int replica, string room)
    {
        try
        {
            var reply = await new RoomService.RoomServiceClient(fleet.Replicas[replica]).GetRoomAsync(
                new GetRoomRequest { RoomId = room, Consistency = Consistency.Linearizable }, deadline: DateTime.UtcNow.AddSeconds(10));
            return (true, reply.AppliedIndex);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { return (false, ulong.MaxValue); }
        catch (RpcException) { return null; } // no answer is not a stale answer
    }
}
