using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.Bench.PlacementLab.Elastic;

/// <summary>
/// Kubernetes' horizontal autoscaler on mean CPU: the most it wanted within five minutes, a tenth of tolerance; the newest leave first, and
/// wait for their rooms to end.
/// </summary>
internal sealed class PodAutoscaler(double target) : IScaler
{
    private const double Tolerance = 0.1;
    private const long HoldMs = 300_000, LastMeetingMs = 5 * 3_600_000L;
    private readonly Queue<(long AtMs, int Wanted)> _wanted = new();

    public void Round(LabFleet fleet, IReadOnlyCollection<LabRoom> waiting, long nowMs)
    {
        var standing = fleet.Nodes.Count(node => node.Status is LabNodeStatus.Open or LabNodeStatus.Booting);
        if (fleet.Open.Count == 0) return;
        var ratio = fleet.Open.Average(node => node.SaidCpu) / target;
        var wanted = Math.Abs(ratio - 1) <= Tolerance ? standing : (int)Math.Ceiling(fleet.Open.Count * ratio);
        wanted = Math.Clamp(wanted, ElasticFleet.Least, ElasticFleet.Most);
        _wanted.Enqueue((nowMs, wanted));
        while (nowMs - _wanted.Peek().AtMs > HoldMs) _wanted.Dequeue();
        for (var more = Math.Min(wanted - standing, Math.Max(4, standing)); more > 0; more--) ElasticFleet.Launch(fleet, nowMs);
        var least = _wanted.Max(each => each.Wanted);
        foreach (var node in fleet.Open.OrderByDescending(node => node.Number).Take(standing - least).ToArray())
        {
            node.LeavesByMs = nowMs + LastMeetingMs;
            fleet.SetStatus(node, LabNodeStatus.Leaving);
        }
    }
}

/// <summary>What all elastic runs share.</summary>
internal static class ElasticFleet
{
    internal const int Least = 2, Most = 200, AtMidnight = 4;
    internal const double Cores = 8;
    internal const long BootMs = 120_000;

    internal static void Launch(LabFleet fleet, long nowMs) =>
        fleet.Launch(Cores, Cores * SimulationSettings.NicKbpsOfACore, nowMs, BootMs);
}
