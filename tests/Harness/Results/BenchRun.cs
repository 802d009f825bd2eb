using System.Text.Json.Serialization;

namespace VideoScale.Harness.Results;

/// <summary>Which way a figure improves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Better>))]
public enum Better
{
    [JsonStringEnumMemberName("lower")] Lower,
    [JsonStringEnumMemberName("higher")] Higher,
}

/// <summary>One thing that was measured.</summary>
/// <param name="Name">The same in every run of the part, so that runs can be compared.</param>
/// <param name="Value">The median where there are samples.</param>
/// <param name="Unit">Of <paramref name="Value"/>, e.g. <c>ms</c> or <c>ops/s</c>.</param>
public sealed record Figure(string Name, double Value, string Unit, Better Better)
{
    /// <summary>How many samples the value is the median of, and the least and greatest of them.</summary>
    public int? Samples { get; init; }

    public double? Min { get; init; }
    public double? Max { get; init; }
}

/// <summary>What another product did in the same run, in the unit of our figure.</summary>
/// <param name="Figure">The name of our figure.</param>
/// <param name="Ratio">Ours against theirs.</param>
public sealed record PeerFigure(string Peer, string Figure, double Value, double Ratio);

/// <summary>One run of one part of a benchmark.</summary>
/// <param name="Part">Of the benchmark, for those whose parts are measured by themselves; empty where there is only one.</param>
/// <param name="Date">UTC, of the beginning.</param>
/// <param name="Commit">That the sources stood at; null where it is not known.</param>
/// <param name="Dirty">Whether the sources differed from that commit; null where it is not known.</param>
/// <param name="Settings">What was asked for: how long, how many.</param>
/// <param name="Notes">What is no number, e.g. a verdict or a hash.</param>
public sealed record BenchRun(
    string Part,
    DateTimeOffset Date,
    string? Commit,
    bool? Dirty,
    MachineFacts Machine,
    IReadOnlyDictionary<string, string> Settings,
    IReadOnlyList<Figure> Figures,
    IReadOnlyList<PeerFigure> Peers,
    IReadOnlyList<string> Notes);
