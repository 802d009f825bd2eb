using VideoScale.Harness.Results;

namespace VideoScale.Bench.Consensus;

/// <summary>What a run of all systems comes to: ours as figures, the other's as peers.</summary>
internal static class ConsensusReport
{
    private const string Ours = "engine";

    internal static void Keep(RunRecorder recorder, Calibration calibration, List<Measurement> runs, ConsensusBenchOptions options)
    {
        var systems = runs.GroupBy(run => (run.System, run.InFlight)).Select(group => group.ToList()).OrderBy(group => group[0].InFlight)
            .ToList();
        Print(calibration, [.. systems.Select(Measurement.Median)]);
        recorder.Set("rounds", options.Rounds).Set("seconds", options.Duration.TotalSeconds)
            .Set("warm_up_seconds", options.WarmUp.TotalSeconds);
        foreach (var own in systems.Where(group => !group[0].IsPeer)) Add(recorder, own);
        foreach (var own in systems.Where(group => !group[0].IsPeer))
            foreach (var peer in systems.Where(group => group[0].IsPeer && group[0].InFlight == own[0].InFlight))
                Against(recorder, own[0], Measurement.Median(peer));
        var first = systems.Find(group => group[0].System == Ours && group[0].InFlight == 1);
        if (first is not null)
            recorder.Add("engine, one after the other: share of what disk and network allow",
                Measurement.Median(first).OpsPerSecond / calibration.SequentialLimit, "share", Better.Higher);
        recorder.Add("fdatasync, alone", calibration.SyncAloneMs, "ms", Better.Lower)
            .Add("fdatasync, three at once", calibration.SyncThreeWayMs, "ms", Better.Lower)
            .Add("loopback there and back", calibration.RoundTripMs, "ms", Better.Lower)
            .KeepIn(options.Results);
    }

    private static void Add(RunRecorder recorder, List<Measurement> runs)
    {
        var (name, median) = (NameOf(runs[0]), Measurement.Median(runs));
        recorder.Add($"{name}: commits", [.. runs.Select(run => run.OpsPerSecond)], "ops/s", Better.Higher)
            .Add($"{name}: p50", median.P50Ms, "ms", Better.Lower)
            .Add($"{name}: p99", median.P99Ms, "ms", Better.Lower)
            .Add($"{name}: processor time", median.CpuSecondsPer1000Ops, "CPU s per 1,000 ops", Better.Lower)
            .Add($"{name}: errors", median.Errors, "ops", Better.Lower);
        if (median.AllocatedBytesPerOp is { } allocated) recorder.Add($"{name}: allocated", allocated, "bytes/op", Better.Lower);
    }

    private static void Against(RunRecorder recorder, Measurement own, Measurement peer)
    {
        if (peer.OpsPerSecond == 0) return;
        var name = NameOf(own);
        recorder.Against(peer.System, $"{name}: commits", peer.OpsPerSecond)
            .Against(peer.System, $"{name}: p50", peer.P50Ms)
            .Against(peer.System, $"{name}: p99", peer.P99Ms)
            .Against(peer.System, $"{name}: processor time", peer.CpuSecondsPer1000Ops);
    }

    private static string NameOf(Measurement run) => $"{run.System}, {run.InFlight} in flight";

    private static void Print(Calibration calibration, List<Measurement> medians)
    {
        Console.WriteLine($"\nfdatasync p50 {calibration.SyncAloneMs:F3} ms alone, {calibration.SyncThreeWayMs:F3} ms three at once; " +
            $"loopback there and back p50 {calibration.RoundTripMs:F3} ms: one after the other that allows "
                + $"{calibration.SequentialLimit:N0}/s\n");
        Console.WriteLine(
            $"{"system",-34} {"in flight",9} {"ops/s",10} {"p50 ms",8} {"p99 ms",8} {"CPU s/1000",11} {"B/op",8} {"errors",7}");
        foreach (var m in medians)
            Console.WriteLine(
                $"{m.System,-34} {m.InFlight,9} {m.OpsPerSecond,10:N0} {m.P50Ms,8:F2} {m.P99Ms,8:F2} {m.CpuSecondsPer1000Ops,11:F4} "
                + $"{m.AllocatedBytesPerOp,8:F0} {m.Errors,7}");
        Console.WriteLine();
        foreach (var own in medians.Where(m => !m.IsPeer))
            foreach (var peer in medians.Where(m => m.IsPeer && m.InFlight == own.InFlight))
                Console.WriteLine(
                    $"{own.InFlight,3} in flight: {own.System} does {own.OpsPerSecond / peer.OpsPerSecond:F1} times the operations of "
                    + $"{peer.System}, " +
                    $"at {own.CpuSecondsPer1000Ops / peer.CpuSecondsPer1000Ops:P0} of its CPU each");
    }
}
