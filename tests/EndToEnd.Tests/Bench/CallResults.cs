using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using VideoScale.Bench.Machine;

namespace VideoScale.EndToEnd.Tests.Bench;

/// <summary>Figures of one kind: what is told of them is their number, median and maximum.</summary>
internal sealed class Figures
{
    private readonly SortedDictionary<string, List<double>> _samples = new(StringComparer.Ordinal);

    internal void Add(string name, double value)
    {
        if (!_samples.TryGetValue(name, out var list)) _samples[name] = list = [];
        list.Add(value);
    }

    internal JsonObject ToJson()
    {
        var told = new JsonObject();
        foreach (var (name, samples) in _samples)
        {
            var sorted = samples.Order().ToList();
            told[name] = new JsonObject { ["median"] = Math.Round(sorted[sorted.Count / 2]), ["max"] = Math.Round(sorted[^1]), ["samples"] = sorted.Count };
        }
        return told;
    }
}

/// <summary>The results file: parts that were not run again keep what they had.</summary>
internal sealed class CallResults(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _parts = File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject before ? before : [];

    /// <summary>Each part stands with the machine and the time it was measured on.</summary>
    internal void Add(string part, Figures figures)
    {
        var told = figures.ToJson();
        Console.WriteLine(part);
        foreach (var (name, figure) in told)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-48} median {figure!["median"],6}   max {figure["max"],6}   of {figure["samples"]}"));
        _parts[part] = new JsonObject
        {
            ["date"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["machine"] = JsonSerializer.SerializeToNode(MachineFacts.Read()),
            ["figures"] = told,
        };
    }

    internal void Write()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _parts.ToJsonString(Indented) + "\n");
    }
}
