namespace VideoScale.Chaos;

/// <summary>Nearest-rank percentiles, the way every report here states them.</summary>
public static class Percentiles
{
    public static double At(IReadOnlyCollection<double> values, double share)
    {
        if (values.Count == 0) return double.NaN;
        var sorted = values.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    public static void Add(IDictionary<string, double> figures, string name, IReadOnlyCollection<double> values)
    {
        figures[$"{name}_p50"] = At(values, 0.50);
        figures[$"{name}_p99"] = At(values, 0.99);
        figures[$"{name}_max"] = At(values, 1.00);
    }
}
