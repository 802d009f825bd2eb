using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Timelines;

/// <summary>What a media node said of itself from then on.</summary>
/// <param name="Holds">A lease; null: it did not answer.</param>
/// <param name="Rooms">That it has authority over.</param>
public sealed record LeaseChange(double AtMs, bool? Holds, int Rooms);

/// <summary>A node granted seats in a room, without a long pause.</summary>
/// <param name="Overlaps">Another node granted in the same room meanwhile.</param>
public sealed record Tenure(string Room, ulong Epoch, double FromMs, double ToMs, bool Overlaps);

/// <summary>One media node on the time axis.</summary>
public sealed record NodeLane(string Name, IReadOnlyList<LeaseChange> Leases, IReadOnlyList<Tenure> Tenures);

/// <summary>Asks every media node several times a second for its lease; the harness reaches all, whatever is cut.</summary>
public sealed class NodeLanes(Fleet fleet, SeatProbes probes)
{
    private const double PauseMs = 1_000;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<(string Node, long AtNs, bool? Holds, int Rooms)> _seen = new();

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(fleet.NodeNames.Select(node => FollowAsync(node, stop)));

    /// <param name="at">Milliseconds on the axis.</param>
    public IReadOnlyList<NodeLane> Drawn(Func<long, double> at) =>
        [.. fleet.NodeNames.Select(node => new NodeLane(node, Leases(SeenOf(node, at)), Tenures(probes.Grants, node, at)))];

    private IEnumerable<LeaseChange> SeenOf(string node, Func<long, double> at) => _seen.Where(one => one.Node == node)
        .OrderBy(static one => one.AtNs).Select(one => new LeaseChange(at(one.AtNs), one.Holds, one.Rooms));

    /// <summary>Changes alone.</summary>
    public static IReadOnlyList<LeaseChange> Leases(IEnumerable<LeaseChange> seen)
    {
        var changes = new List<LeaseChange>();
        foreach (var one in seen)
            if (changes.Count == 0 || changes[^1] with { AtMs = one.AtMs } != one) changes.Add(one);
        return changes;
    }

    public static IReadOnlyList<Tenure> Tenures(IReadOnlyCollection<Grant> grants, string node, Func<long, double> at)
    {
        var tenures = new List<Tenure>();
        foreach (var grant in grants.Where(grant => grant.Node == node).OrderBy(static grant => grant.LatestNs))
        {
            var last = tenures.FindLastIndex(one => one.Room == grant.Room && one.Epoch == grant.Epoch);
            if (last >= 0 && at(grant.EarliestNs) - tenures[last].ToMs < PauseMs)
                tenures[last] = tenures[last] with { ToMs = Math.Max(tenures[last].ToMs, at(grant.EarliestNs)) };
            else tenures.Add(new Tenure(grant.Room, grant.Epoch, at(grant.LatestNs), at(grant.LatestNs), false));
        }
        var others = grants.Where(grant => grant.Node != node).ToLookup(static grant => grant.Room);
        return [.. tenures.Select(one => one with
        {
            Overlaps = others[one.Room].Any(grant => at(grant.EarliestNs) > one.FromMs && at(grant.LatestNs) < one.ToMs),
        })];
    }

    private async Task FollowAsync(string node, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Pace);
        var admission = new AdmissionService.AdmissionServiceClient(fleet.Nodes[node]);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    var said = await admission.GetAuthorityAsync(new GetAuthorityRequest(), deadline: DateTime.UtcNow + Patience,
                        cancellationToken: stop);
                    _seen.Enqueue((node, History.NowNs, said.LeaseLeftMs > 0, said.Rooms.Count));
                }
                catch (RpcException) when (!stop.IsCancellationRequested) { _seen.Enqueue((node, History.NowNs, null, 0)); }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException && stop.IsCancellationRequested) { }
    }
}
