using System.Diagnostics;
using System.Numerics;

namespace VideoScale.Bench.Consensus;

/// <summary>Latencies in buckets one sixteenth of a power of two wide (about 4 % error), in Stopwatch ticks; adding is lock-free.</summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 4;
    private readonly long[] _counts = new long[64 << SubBits];

    public void Add(long ticks) => Interlocked.Increment(ref _counts[BucketOf(ticks)]);

    public void Clear() => Array.Clear(_counts);

    public long Count => _counts.Sum();

    /// <returns>Milliseconds below which this share of the latencies lies.</returns>
    public double QuantileMs(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank) return UpperBound(bucket) * 1000.0 / Stopwatch.Frequency;
        }
        return 0;
    }

    private static int BucketOf(long ticks)
    {
        var value = (ulong)Math.Max(1, ticks);
        var power = BitOperations.Log2(value);
        var sub = power <= SubBits ? (int)(value << (SubBits - power)) & ((1 << SubBits) - 1) : (int)(value >> (power - SubBits)) & ((1 << SubBits) - 1);
        return (power << SubBits) | sub;
    }

    private static double UpperBound(int bucket)
    {
        var power = bucket >> SubBits;
        var sub = bucket & ((1 << SubBits) - 1);
        return Math.Pow(2, power) * (1 + ((sub + 1) / (double)(1 << SubBits)));
    }
}
