using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Chaos.Linearizability;

namespace VideoScale.Chaos.Workloads;

/// <summary>How an operation stands: Jepsen's words. A write whose fate is not known is <see cref="Info"/>, never ok or fail.</summary>
public enum OperationType { Invoke, Ok, Fail, Info }

/// <summary>What an answer said.</summary>
/// <param name="Index">Of the log.</param>
public sealed record OperationValue(ulong? Epoch = null, string? Node = null, ulong? Index = null, string? Request = null,
    string? Status = null);

/// <param name="Time">Nanoseconds on the harness's one monotonic clock.</param>
/// <param name="Process">Has one operation outstanding; after an info it is never heard of again.</param>
/// <param name="Key">The room.</param>
public sealed record Operation(long Time, int Process, OperationType Type, string F, string Key, OperationValue? Value);

/// <summary>What the clients saw, in one list, on one clock.</summary>
public sealed class History
{
    public const string FileName = "history.jsonl", EdnName = "history.edn";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly ConcurrentQueue<Operation> _operations = new();

    public static long NowNs => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public IReadOnlyCollection<Operation> Operations => _operations;

    public void Add(int process, OperationType type, string f, string key, OperationValue? value = null) =>
        _operations.Enqueue(new Operation(NowNs, process, type, f, key, value));

    /// <summary>Two files with the same: JSON lines, and the shape that Jepsen reads.</summary>
    public void WriteTo(string directory)
    {
        using var lines = new StreamWriter(Path.Combine(directory, FileName));
        using var edn = new StreamWriter(Path.Combine(directory, EdnName));
        foreach (var (number, operation) in _operations.OrderBy(static operation => operation.Time).Index())
        {
            lines.WriteLine(JsonSerializer.Serialize(operation, Json));
            edn.WriteLine(EdnOf(operation, number));
        }
    }

    /// <exception cref="FormatException">It is neither of the two.</exception>
    public static IReadOnlyList<Operation> ReadFrom(string path)
    {
        try
        {
            return path.EndsWith(".edn", StringComparison.Ordinal)
                ? [.. Edn.ReadAll(File.ReadAllText(path)).SelectMany(static form => form is List<object?> list ? list
                    : [form]).Select(OfEdn)]
                : [.. File.ReadLines(path).Where(static line => line.Trim().Length > 0)
                    .Select(static line => JsonSerializer.Deserialize<Operation>(line, Json)!)];
        }
        catch (Exception e) when (e is JsonException or IOException or FormatException or KeyNotFoundException or InvalidCastException
            or NotSupportedException or ArgumentException)
        {
            throw new FormatException($"{path} is no history: {e.Message}", e);
        }
    }

    private static string EdnOf(Operation one, int number) => string.Create(CultureInfo.InvariantCulture,
        $"{{:index {number}, :time {one.Time}, :process {one.Process}, :type :{one.Type.ToString().ToLowerInvariant()}, :f :{one.F}, "
        + $":value [{Edn.Quote(one.Key)} {(one.Value is { } value ? $"{{{string.Join(", ", Parts(value))}}}" : "nil")}]}}");

    private static IEnumerable<string> Parts(OperationValue value)
    {
        if (value.Epoch is { } epoch) yield return $":epoch {epoch}";
        if (value.Node is { } node) yield return $":node {Edn.Quote(node)}";
        if (value.Index is { } index) yield return $":log-index {index}";
        if (value.Request is { } request) yield return $":request {Edn.Quote(request)}";
        if (value.Status is { } status) yield return $":status {Edn.Quote(status)}";
    }

    private static Operation OfEdn(object? form)
    {
        var map = form as Dictionary<string, object?> ?? throw new FormatException("an operation is a map");
        var pair = map[":value"] as List<object?> ?? throw new FormatException(":value is a vector of key and value");
        var value = pair[1] as Dictionary<string, object?>;
        string? Text(string name) => (value?.GetValueOrDefault(name) as string)?[1..];
        ulong? Number(string name) => value?.GetValueOrDefault(name) is long number ? (ulong)number : null;
        return new Operation((long)map[":time"]!, checked((int)(long)map[":process"]!),
            Enum.Parse<OperationType>(((string)map[":type"]!)[1..], ignoreCase: true), ((string)map[":f"]!)[1..], ((string)pair[0]!)[1..],
            value is null ? null : new OperationValue(Number(":epoch"), Text(":node"), Number(":log-index"), Text(":request"),
                Text(":status")));
    }
}
