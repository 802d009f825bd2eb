using System.Diagnostics;
using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>The leader is stopped, so that its sockets stay open and say nothing: the others must elect another one and go on.</summary>
public sealed class Stall : IScenario
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(15);

    public string Name => "stall";
    public string Summary => "SIGSTOP of the leader: the others, who can still connect to it, commit again";
    public int DefaultRounds => 1;
    public bool NeedsNamespaces => true; // who is frozen when the harness is killed must end as well

    public async Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
    {
        await using var fleet = await Fleet.StartAsync(new ClusterShape(Replicas: 3, Media: 1), options, cancellationToken);
        var outagesMs = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var leader = await fleet.LeaderAsync(cancellationToken);
            var stopped = Stopwatch.GetTimestamp();
            fleet.PauseReplica(leader);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Slowness.Scale(Within));
            try { await fleet.AwaitCommitAsync(except: leader, $"stalled-{round}", limit.Token); }
            catch (Exception e) when (e is OperationCanceledException or NotLiveException && !cancellationToken.IsCancellationRequested)
            {
                throw new NotLiveException(
                    $"nothing was committed for {Slowness.Scale(Within).TotalSeconds:0} s while the leader was stopped", e);
            }
            finally { fleet.ResumeReplica(leader); }
            outagesMs.Add(Stopwatch.GetElapsedTime(stopped).TotalMilliseconds);
            await fleet.AwaitLeaderKnownAsync(cancellationToken);
            await Console.Error.WriteLineAsync($"stop {round + 1}/{options.Rounds}: next commit after {outagesMs[^1]:0} ms");
        }
        result.Add("stop_to_commit_ms", outagesMs);
        result.Violate(await fleet.DisagreementsAsync(cancellationToken));
    }
}
