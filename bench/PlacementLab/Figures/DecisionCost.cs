using System.Diagnostics;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Placement;
using VideoScale.Harness.Results;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Figures;

/// <param name="Bytes">Allocated for one decision that is told with its reasons.</param>
/// <param name="PickBytes">Allocated for the choice alone.</param>
/// <param name="CpuUs">Processor time of one, a mean.</param>
internal readonly record struct DecisionFigures(int Nodes, double P50Us, double P99Us, double CpuUs, double Bytes, double PickBytes);

/// <summary>What one decision costs, by the size of the fleet.</summary>
internal static class DecisionCost
{
    internal static DecisionFigures Measure(PlacementPolicy policy, int nodes, int decisions)
    {
        var (view, random) = (Fleet(nodes), new Random(nodes));
        var requests = Enumerable.Range(0, 64).Select(_ => new PlacementRequest(RoomCost.ForPeak(new((uint)random.Next(2, 40), 0, 0)), "",
            PlacementReason.Created, new(""), new(""))).ToArray();
        Pass(policy, view, requests, decisions, null); // once aside, so that cold code is not measured
        var times = new double[decisions];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < decisions; i++) policy.Pick(view, requests[i % requests.Length], PlacementSettings.Default, 1);
        var picked = GC.GetAllocatedBytesForCurrentThread() - before;
        var cpu = Environment.CpuUsage.TotalTime;
        before = GC.GetAllocatedBytesForCurrentThread();
        Pass(policy, view, requests, decisions, times);
        var told = GC.GetAllocatedBytesForCurrentThread() - before;
        var cpuUs = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / decisions;
        return new(nodes, Percentiles.At(times, 0.5), Percentiles.At(times, 0.99), cpuUs, (double)told / decisions,
            (double)picked / decisions);
    }

    private static void Pass(PlacementPolicy policy, FleetView view, PlacementRequest[] requests, int decisions, double[]? times)
    {
        for (var i = 0; i < decisions; i++)
        {
            var started = Stopwatch.GetTimestamp();
            policy.Decide(view, requests[i % requests.Length], PlacementSettings.Default, 1);
            if (times is not null) times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
    }

    /// <summary>Half full on the whole, one in twenty not taking rooms.</summary>
    private static FleetView Fleet(int nodes)
    {
        var random = new Random(1);
        var view = new FleetView();
        for (var i = 0; i < nodes; i++)
        {
            var id = new NodeId($"n{i:D5}");
            var actual = RoomCost.Of((uint)random.Next(50, 400), (uint)random.Next(20, 200));
            var standing = random.Next(20) == 0 ? NodeStanding.Cordoned : NodeStanding.Open;
            view.Refresh(new NodeView(id, 1, "", standing, new(2_000, 20_000, 4_000_000), actual + RoomCost.Of(50, 20), actual, 40,
                Reservation.Nothing, 0, null));
            view.Measured(id, 1, new((uint)random.Next(100, 900), actual.BitrateKbps, actual.Publishers, actual.Subscribers, 0));
        }
        return view;
    }
}
