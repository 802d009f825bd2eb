using System.Globalization;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Calls;

/// <summary>Samples of one part, by the name of their figure, in the order in which they first came.</summary>
internal sealed class CallFigures
{
    private readonly Dictionary<string, (string Unit, Better Better, List<double> Samples)> _figures = new(StringComparer.Ordinal);

    internal void Add(string name, double value, string unit = "ms", Better better = Better.Lower)
    {
        if (!_figures.TryGetValue(name, out var figure)) _figures[name] = figure = (unit, better, []);
        figure.Samples.Add(value);
    }

    internal void KeepIn(string path, string part, RunRecorder recorder)
    {
        Console.WriteLine(part);
        foreach (var (name, (unit, better, samples)) in _figures)
        {
            recorder.Add(name, samples, unit, better);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-56} median {Percentiles.At(samples, 0.5),6:0} {unit,-10} max {samples.Max(),6:0} of {samples.Count}"));
        }
        recorder.KeepIn(path);
    }
}
