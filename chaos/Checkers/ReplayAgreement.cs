using VideoScale.Chaos.Fleets;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Checkers;

/// <summary>
/// Stops the replicas and has the command line fold each one's event log: it must come to the state hash the cluster agreed on.
/// </summary>
public static class ReplayAgreement
{
    public static async Task<IReadOnlyList<string>> CheckAsync(Fleet fleet, CancellationToken cancellationToken)
    {
        var violations = new List<string>();
        var status = await fleet.StatusAsync(await fleet.LeaderAsync(cancellationToken), cancellationToken);
        var (hash, until) = (Convert.ToHexStringLower(status.StateHash.Span), status.EventSeq.ToString());
        await fleet.StopReplicasAsync();
        for (var i = 0; i < fleet.Replicas.Count; i++)
        {
            var (code, output) = await Fleet.RunCliAsync(
                ["audit", "replay", "--data", fleet.DataOf(i), "--until", until, "--assert-hash", hash]);
            if (code != 0) violations.Add($"replay of replica {i} does not come to hash {hash}: exit {code}: {output.Trim()}");
            (code, output) = await Fleet.RunCliAsync(["audit", "verify", "--data", fleet.DataOf(i)]);
            if (code != 0) violations.Add($"the event log of replica {i} does not verify: exit {code}: {output.Trim()}");
        }
        return violations;
    }
}
