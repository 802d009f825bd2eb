using System.Globalization;

namespace VideoScale.Harness.Results;

/// <summary>Gathers one run while it is measured, and keeps it: the one way that figures come into a results file.</summary>
public sealed class RunRecorder
{
    /// <summary>In the place of a file: nothing is kept.</summary>
    public const string Nowhere = "none";

    private readonly string _part;
    private readonly DateTimeOffset _date = DateTimeOffset.UtcNow;
    private readonly SourceState _sources = SourceState.Read();
    private readonly double _loadAtStart = MachineFacts.LoadAverage;
    private readonly SortedDictionary<string, string> _settings = new(StringComparer.Ordinal);
    private readonly List<Figure> _figures = [];
    private readonly List<PeerFigure> _peers = [];
    private readonly List<string> _notes = [];

    private RunRecorder(string part) => _part = part;

    /// <summary>To be called before anything is measured: the load of the machine is read here.</summary>
    public static RunRecorder Begin(string part = "") => new(part);

    public RunRecorder Set(string name, object value)
    {
        _settings[name] = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        return this;
    }

    public RunRecorder Add(string name, double value, string unit, Better better)
    {
        _figures.Add(new(name, Rounded(value), unit, better));
        return this;
    }

    /// <summary>The median of samples, with the least and the greatest.</summary>
    public RunRecorder Add(string name, IReadOnlyCollection<double> samples, string unit, Better better)
    {
        if (samples.Count == 0) throw new ArgumentException($"{name} was never measured");
        _figures.Add(new(name, Rounded(Percentiles.At(samples, 0.5)), unit, better)
        {
            Samples = samples.Count,
            Min = Rounded(samples.Min()),
            Max = Rounded(samples.Max()),
        });
        return this;
    }

    /// <summary>What a peer did where we did the figure of that name, which was added before.</summary>
    public RunRecorder Against(string peer, string figure, double value)
    {
        _peers.Add(new(peer, figure, Rounded(value), Rounded(_figures.First(f => f.Name == figure).Value / value)));
        return this;
    }

    public RunRecorder Note(string note)
    {
        _notes.Add(note);
        return this;
    }

    public BenchRun End() =>
        new(_part, _date, _sources.Commit, _sources.Dirty, MachineFacts.Read(_loadAtStart), _settings, _figures, _peers, _notes);

    /// <summary>Ends the run and puts it on top of the others of its file.</summary>
    public void KeepIn(string path)
    {
        var run = End();
        if (path == Nowhere) return;
        ResultFile.Load(path).With(run).Save(path);
        Console.WriteLine($"kept in {path}");
    }

    /// <summary>Six digits are more than any of these figures is worth.</summary>
    private static double Rounded(double value) =>
        double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
