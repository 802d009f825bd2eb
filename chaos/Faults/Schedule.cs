using System.Text.Json;

namespace VideoScale.Chaos.Faults;

/// <summary>All that a run does to its cluster, as data: what is drawn, printed, kept, replayed and shrunk.</summary>
/// <param name="Replicas">Size of the cluster it is for.</param>
/// <param name="Media">Media nodes of that cluster.</param>
public sealed record Schedule(int Seed, int Replicas, int Media, IReadOnlyList<ScheduledFault> Faults)
{
    public const string FileName = "schedule.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public int LengthMs => Faults.Count == 0 ? 0 : Faults.Max(static fault => fault.UntilMs);

    public bool Has<T>() where T : ScheduledFault => Faults.Any(static fault => fault is T);

    public Schedule Without(IReadOnlyCollection<ScheduledFault> some) =>
        this with { Faults = [.. Faults.Where(one => !some.Contains(one))] };

    /// <summary>One line for each fault.</summary>
    public string Words => string.Join('\n', Faults.OrderBy(static fault => fault.AtMs)
        .Select(static fault => $"{fault.AtMs / 1e3,7:0.0} s for {fault.ForMs / 1e3,5:0.0} s  {fault.Words}"));

    public void WriteTo(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");

    /// <exception cref="FormatException">It is no schedule, or one of what is not in its cluster.</exception>
    public static Schedule ReadFrom(string path)
    {
        Schedule? read;
        try { read = JsonSerializer.Deserialize<Schedule>(File.ReadAllText(path), Json); }
        catch (Exception e) when (e is JsonException or NotSupportedException or IOException)
        {
            throw new FormatException($"{path} is no schedule: {e.Message}", e);
        }
        return read?.WhyWrong() is { } why ? throw new FormatException($"{path} is no schedule: {why}")
            : read ?? throw new FormatException($"{path} is no schedule: it is empty");
    }

    private string? WhyWrong()
    {
        if (Faults is null) return "it has no list of faults";
        if (Replicas is < 1 or > 9) return $"{Replicas} replicas";
        if (Media is < 0 or > 9) return $"{Media} media nodes";
        foreach (var fault in Faults)
        {
            if (fault.AtMs < 0 || fault.ForMs < 1) return $"\"{fault.Words}\" begins at {fault.AtMs} ms for {fault.ForMs} ms";
            if (fault.Ranks.Any(rank => rank < 0 || rank >= Replicas)) return $"\"{fault.Words}\" names a replica that is not there";
            if (fault.Nodes.Any(node => node < 0 || node >= Media)) return $"\"{fault.Words}\" names a media node that is not there";
        }
        return null;
    }
}
