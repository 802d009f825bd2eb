namespace VideoScale.Harness.Results;

/// <summary>Nearest rank: of a few samples that are all kept. Latencies by the million go to <see cref="LatencyHistogram"/>.</summary>
public static class Percentiles
{
    public static double At(IReadOnlyCollection<double> values, double share)
    {
        if (values.Count == 0) return double.NaN;
        var sorted = values.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
