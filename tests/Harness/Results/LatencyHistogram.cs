using System.Diagnostics;
using HdrHistogram;

namespace VideoScale.Harness.Results;

/// <summary>
/// Latencies from a tenth of a microsecond to an hour, to three digits; adding is safe from many threads and allocates nothing.
/// </summary>
public sealed class LatencyHistogram
{
    private const int Digits = 3;
    private const long UnitsPerSecond = 10_000_000;
    private readonly LongConcurrentHistogram _histogram = new(1, 3600 * UnitsPerSecond, Digits);

    /// <param name="ticks">Of <see cref="Stopwatch"/>.</param>
    public void Add(long ticks) =>
        _histogram.RecordValue(Math.Clamp(ticks * UnitsPerSecond / Stopwatch.Frequency, 1, 3600 * UnitsPerSecond));

    /// <summary>Forgets what was added, e.g. while it warmed up.</summary>
    public void Clear() => _histogram.Reset();

    public long Count => _histogram.TotalCount;

    /// <returns>Milliseconds below which this share of the latencies lies; 0 of none.</returns>
    public double QuantileMs(double share) => Count == 0 ? 0 : _histogram.GetValueAtPercentile(share * 100) * 1000.0 / UnitsPerSecond;
}
