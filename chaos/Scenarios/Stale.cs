using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// The leader is killed right after it acknowledged; from then on the others are asked, without pause, for what it acknowledged.
/// </summary>
public sealed class Stale : IScenario
{
    private const int Readers = 4;
    private static readonly TimeSpan Asking = TimeSpan.FromSeconds(4);

    public string Name => "stale";
    public string Summary => "kill -9 of the leader after an acknowledgement: no linearizable read elsewhere misses it";
    public int DefaultRounds => 1;
    public bool NeedsNamespaces => false;

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 1), options, cancellationToken);
        var answered = 0;
        for (var round = 0; round < options.Rounds; round++)
        {
            var leader = await fleet.LeaderAsync(cancellationToken);
            var room = $"acknowledged-{round}";
            await fleet.CreateRoomAsync(leader, room, cancellationToken);
            await fleet.KillReplicaAsync(leader);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            over.CancelAfter(Asking);
            var readers = Enumerable.Range(0, fleet.Replicas.Count).Where(i => i != leader)
                .SelectMany(i => Enumerable.Range(0, Readers).Select(_ => ReadAsync(fleet.Replicas[i], room, over.Token)));
            var (good, stale) = (0, 0);
            foreach (var (found, missed) in await Task.WhenAll(readers)) (good, stale) = (good + found, stale + missed);
            if (stale > 0) result.Violations.Add($"round {round}: {stale} linearizable reads missed {room}, which was acknowledged before");
            answered += good;
            await fleet.StartReplicaAsync(leader, cancellationToken);
            await Console.Error.WriteLineAsync($"kill {round + 1}/{options.Rounds}: {good} reads saw it, {stale} did not");
        }
        result.Figures["reads_answered"] = answered;
        result.DemandAtLeast("reads_answered", options.Rounds);
        result.Violate(await fleet.DisagreementsAsync(cancellationToken));
    }

    private static async Task<(int Found, int Missed)> ReadAsync(ChannelBase replica, string room, CancellationToken until)
    {
        var (found, missed) = (0, 0);
        var client = new RoomService.RoomServiceClient(replica);
        while (!until.IsCancellationRequested)
        {
            try
            {
                await client.GetRoomAsync(new GetRoomRequest { RoomId = room, Consistency = Consistency.Linearizable },
                    deadline: DateTime.UtcNow.AddSeconds(10), cancellationToken: CancellationToken.None);
                found++;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { missed++; }
            catch (RpcException) { } // no answer is not a stale answer
            await Task.Delay(5, CancellationToken.None);
        }
        return (found, missed);
    }
}
