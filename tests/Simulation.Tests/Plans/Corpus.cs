using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Harness;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Plans;

/// <summary>A plan that once broke a promise, kept to be run for ever.</summary>
/// <param name="Rule">The invariant that it broke.</param>
/// <param name="What">What happened, in the words of the run.</param>
/// <param name="Bug">None for a bug that was ours; else the planted bug that this plan shows.</param>
internal sealed record CorpusCase(string Rule, string What, Bug Bug, Plan Plan);

/// <summary>chaos/corpus: one file a case.</summary>
internal static class Corpus
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    public static string Folder => Repository.Path("chaos", "corpus");

    public static CorpusCase Read(string path) =>
        JsonSerializer.Deserialize<CorpusCase>(File.ReadAllText(path), Json) ?? throw new InvalidDataException($"{path} is empty");

    public static IReadOnlyList<string> Files =>
        Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal)] : [];

    public static string Write(CorpusCase one)
    {
        Directory.CreateDirectory(Folder);
        var name = one.Bug == Bug.None ? $"{Word(one.Rule)}-{one.Plan.Seed}.json" : $"planted-{one.Bug}.json";
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, JsonSerializer.Serialize(one, Json) + "\n");
        return path;
    }

    private static string Word(string rule) => string.Concat(rule.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}
