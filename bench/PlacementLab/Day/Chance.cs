namespace VideoScale.Bench.PlacementLab.Day;

/// <summary>Draws from the distributions that the day is made of; the same seed draws the same.</summary>
internal sealed class Chance(int seed)
{
    private readonly Random _random = new(seed);

    internal double Share() => _random.NextDouble();
    internal int Below(int most) => _random.Next(most);

    internal double Normal(double mean, double deviation) =>
        mean + deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    internal double LogNormal(double median, double sigma) => median * Math.Exp(Normal(0, sigma));

    internal double Pareto(double least, double alpha) => least / Math.Pow(1 - _random.NextDouble(), 1 / alpha);

    /// <summary>Failures before the first success.</summary>
    internal int Geometric(double success) => (int)(Math.Log(1 - _random.NextDouble()) / Math.Log(1 - success));

    /// <param name="weights">In any unit.</param>
    internal int OneOf(ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights) sum += weight;
        var at = _random.NextDouble() * sum;
        for (var i = 0; i < weights.Length - 1; i++)
            if ((at -= weights[i]) < 0) return i;
        return weights.Length - 1;
    }
}
