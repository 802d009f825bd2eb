using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VideoScale.Harness.Results;

/// <summary>All runs that are kept of one benchmark, newest first.</summary>
/// <remarks>A figure has a line of its own, so that a new run is read in a diff.</remarks>
public sealed record ResultFile(string Name, IReadOnlyList<BenchRun> Runs)
{
    /// <summary>Of each part; what is older is in the repository's history.</summary>
    private const int MostRuns = 30;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = false,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Parts in the order of their newest runs.</summary>
    public IEnumerable<IGrouping<string, BenchRun>> Parts => Runs.GroupBy(run => run.Part, StringComparer.Ordinal);

    /// <returns>An empty one where there is no such file yet.</returns>
    public static ResultFile Load(string path) =>
        File.Exists(path) ? Parse(File.ReadAllText(path)) : new(Path.GetFileNameWithoutExtension(path), []);

    public static ResultFile Parse(string text) =>
        JsonSerializer.Deserialize<ResultFile>(text, Json) ?? throw new JsonException("there is nothing");

    public ResultFile With(BenchRun run) => this with
    {
        Runs = [.. Runs.Prepend(run).GroupBy(r => r.Part, StringComparer.Ordinal)
            .SelectMany(part => part.OrderByDescending(r => r.Date).Take(MostRuns)).OrderByDescending(r => r.Date)],
    };

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, ToString());
    }

    public override string ToString()
    {
        var text = new StringBuilder($"{{\n  \"name\": {Line(Name)},\n  \"runs\": [\n");
        text.AppendJoin(",\n", Runs.Select(Indented));
        return text.Append("\n  ]\n}\n").ToString();
    }

    private static string Indented(BenchRun run) => "    {\n" + string.Join(",\n", (string[])
    [
        $"      \"part\": {Line(run.Part)}",
        $"      \"date\": {Line(run.Date.ToUniversalTime().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"))}",
        $"      \"commit\": {Line(run.Commit)}",
        $"      \"dirty\": {Line(run.Dirty)}",
        $"      \"machine\": {Line(run.Machine)}",
        $"      \"settings\": {Line(run.Settings)}",
        $"      \"figures\": {List(run.Figures)}",
        $"      \"peers\": {List(run.Peers)}",
        $"      \"notes\": {List(run.Notes)}",
    ]) + "\n    }";

    private static string List<T>(IReadOnlyList<T> items) =>
        items.Count == 0 ? "[]" : $"[\n{string.Join(",\n", items.Select(item => $"        {Line(item)}"))}\n      ]";

    private static string Line<T>(T value) => JsonSerializer.Serialize(value, Json);
}
