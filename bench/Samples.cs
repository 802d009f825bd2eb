using System.Globalization;
using VideoScale.Harness.Results;

namespace VideoScale.Bench;

/// <summary>Samples by the name of their figure, in the order in which the figures first came.</summary>
internal sealed class Samples
{
    private readonly Dictionary<string, (string Unit, Better Better, List<double> Values)> _figures = new(StringComparer.Ordinal);

    internal void Add(string name, double value, string unit = "ms", Better better = Better.Lower)
    {
        if (!_figures.TryGetValue(name, out var figure)) _figures[name] = figure = (unit, better, []);
        figure.Values.Add(value);
    }

    /// <summary>Prints them, and adds them to a run.</summary>
    internal void AddTo(RunRecorder recorder)
    {
        foreach (var (name, (unit, better, values)) in _figures)
        {
            recorder.Add(name, values, unit, better);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-64} median {Percentiles.At(values, 0.5),8:0.##} {unit,-10} max {values.Max(),8:0.##} of {values.Count}"));
        }
    }
}
