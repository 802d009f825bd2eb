using System.Globalization;
using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Up.Elastic;

/// <summary>How many media nodes <c>up --elastic</c> runs: at least, at most.</summary>
internal sealed record ElasticRange(int Min, int Max)
{
    /// <exception cref="CliException">It is none.</exception>
    internal static ElasticRange Parse(string text)
    {
        var parts = text.Split("..");
        if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var min)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var max) && min >= 1 && min <= max
            && max <= Topology.MostMedia) return new(min, max);
        throw new CliException($"--elastic: \"{text}\" is not MIN..MAX, 1 to {Topology.MostMedia} nodes, e.g. 2..6");
    }

    public override string ToString() => $"{Min}..{Max}";
}
