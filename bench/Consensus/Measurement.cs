using System.Diagnostics;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Consensus;

/// <summary>One run of one system.</summary>
/// <param name="IsPeer">Is it what ours are measured against?</param>
public sealed record Measurement(
    string System, bool IsPeer, int InFlight, double OpsPerSecond, double P50Ms, double P99Ms, double CpuSecondsPer1000Ops,
        double? AllocatedBytesPerOp, long Errors)
{
    /// <summary>A closed loop: as many workers as may be in flight, each waiting for its own.</summary>
    public static async Task<Measurement> TakeAsync(ISystem system, int inFlight, TimeSpan warmUp, TimeSpan duration,
        CancellationToken cancellationToken)
    {
        var histogram = new LatencyHistogram();
        long done = 0, errors = 0;
        var stop = false;
        async Task Work(int worker)
        {
            while (!Volatile.Read(ref stop))
            {
                var started = Stopwatch.GetTimestamp();
                var ok = await system.CommitAsync(worker, cancellationToken);
                histogram.Add(Stopwatch.GetTimestamp() - started);
                if (ok) Interlocked.Increment(ref done);
                else Interlocked.Increment(ref errors);
            }
        }
        var workers = Enumerable.Range(0, inFlight).Select(worker => Task.Run(() => Work(worker), cancellationToken)).ToArray();
        await Task.Delay(warmUp, cancellationToken);
        histogram.Clear();
        var (doneBefore, cpuBefore, allocatedBefore, from) = (Volatile.Read(ref done), system.CpuTime(), system.AllocatedBytes(),
            Stopwatch.GetTimestamp());
        await Task.Delay(duration, cancellationToken);
        var ops = Volatile.Read(ref done) - doneBefore;
        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        var cpu = (system.CpuTime() - cpuBefore).TotalSeconds;
        var allocated = system.AllocatedBytes() - allocatedBefore;
        Volatile.Write(ref stop, true);
        await Task.WhenAll(workers);
        return new Measurement(system.Name, system.IsPeer, inFlight, ops / seconds, histogram.QuantileMs(0.5), histogram.QuantileMs(0.99),
            ops == 0 ? 0 : cpu * 1000 / ops, ops == 0 ? null : (double?)allocated / ops, errors);
    }

    /// <summary>The median run, by throughput.</summary>
    public static Measurement Median(IEnumerable<Measurement> runs)
    {
        var ordered = runs.OrderBy(run => run.OpsPerSecond).ToArray();
        return ordered[ordered.Length / 2];
    }
}
