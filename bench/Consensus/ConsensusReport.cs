using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Bench.Machine;

namespace VideoScale.Bench.Consensus;

internal sealed record Ratio(string Of, string To, int InFlight, double Throughput, double CpuPerOp);

internal sealed record ConsensusReport(
    DateTimeOffset Date, MachineFacts Machine, Calibration Calibration, double SequentialShareOfLimit, IReadOnlyList<Measurement> Medians,
    IReadOnlyList<Ratio> Ratios, IReadOnlyList<Measurement> Runs)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    internal static void Write(Calibration calibration, List<Measurement> runs, ConsensusBenchOptions options)
    {
        var medians = runs.GroupBy(run => (run.System, run.InFlight)).Select(Measurement.Median).OrderBy(run => run.InFlight).ToArray();
        var ours = medians[0].System;
        var ratios = (from own in medians
                      from other in medians
                      where other.System.StartsWith("etcd", StringComparison.Ordinal) && own.System != other.System && own.InFlight == other.InFlight
                      select new Ratio(own.System, other.System, own.InFlight, own.OpsPerSecond / other.OpsPerSecond, own.CpuSecondsPer1000Ops / other.CpuSecondsPer1000Ops)).ToArray();
        var sequential = Array.Find(medians, m => m.System == ours && m.InFlight == 1)?.OpsPerSecond / calibration.SequentialLimit ?? 0;
        var report = new ConsensusReport(DateTimeOffset.UtcNow, MachineFacts.Read(), calibration, sequential, medians, ratios, runs);
        Print(report);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Results))!);
        File.WriteAllText(options.Results, JsonSerializer.Serialize(report, Json) + "\n");
        Console.WriteLine($"\nwritten to {options.Results}");
    }

    private static void Print(ConsensusReport report)
    {
        var (machine, calibration) = (report.Machine, report.Calibration);
        Console.WriteLine($"\n{machine.Processor}, {machine.Processors} processors, {machine.OperatingSystem}, {machine.Runtime}, load average {machine.LoadAverage:F1}");
        Console.WriteLine($"fdatasync p50 {calibration.SyncAloneMs:F3} ms alone, {calibration.SyncThreeWayMs:F3} ms three at once; loopback there and back p50 {calibration.RoundTripMs:F3} ms\n");
        Console.WriteLine($"{"system",-42} {"in flight",9} {"ops/s",10} {"p50 ms",8} {"p99 ms",8} {"CPU s/1000",11} {"B/op",8} {"errors",7}");
        foreach (var m in report.Medians)
            Console.WriteLine($"{m.System,-42} {m.InFlight,9} {m.OpsPerSecond,10:N0} {m.P50Ms,8:F2} {m.P99Ms,8:F2} {m.CpuSecondsPer1000Ops,11:F4} {m.AllocatedBytesPerOp,8:F0} {m.Errors,7}");
        Console.WriteLine();
        foreach (var ratio in report.Ratios) Console.WriteLine($"{ratio.InFlight,3} in flight: {ratio.Of} does {ratio.Throughput:F1} times the operations of {ratio.To}, at {ratio.CpuPerOp:P0} of its CPU each");
        Console.WriteLine($"one after the other: {report.SequentialShareOfLimit:P0} of what three synced logs and a round trip would allow ({calibration.SequentialLimit:N0}/s)");
    }
}
