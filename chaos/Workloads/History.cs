using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VideoScale.Chaos.Workloads;

/// <summary>How an operation stands: Jepsen's words. A write whose fate is not known is <see cref="Info"/>, never ok or fail.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationType>))]
public enum OperationType { Invoke, Ok, Fail, Info }

/// <param name="TimeNs">On the harness's one monotonic clock.</param>
public sealed record Operation(long TimeNs, int Process, OperationType Type, string F, string Key, string? Value);

/// <summary>What the clients saw, in one list, on one clock.</summary>
public sealed class History
{
    private readonly ConcurrentQueue<Operation> _operations = new();

    public static long NowNs => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    public IReadOnlyCollection<Operation> Operations => _operations;

    public void Add(int process, OperationType type, string f, string key, string? value = null) =>
        _operations.Enqueue(new Operation(NowNs, process, type, f, key, value));

    public void WriteTo(string path)
    {
        using var writer = new StreamWriter(path);
        foreach (var operation in _operations) writer.WriteLine(JsonSerializer.Serialize(operation));
    }
}
