using System.Globalization;

namespace VideoScale.Simulation.Running;

internal sealed class UsageException(string message) : Exception(message);

/// <summary>As chaos has them.</summary>
internal static class ExitCode
{
    public const int Valid = 0;
    public const int Violation = 1;
    public const int NotLive = 3;
    public const int Usage = 254;
}

/// <summary>Flags of the command line: <c>--name value</c>, or <c>--name</c> alone.</summary>
internal sealed class Arguments
{
    private static readonly string[] Known = ["seeds", "seed", "time", "jobs", "product", "only", "classes", "trace", "json", "keep",
        "runs", "membership", "results"];
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) throw new UsageException($"\"{args[i]}\" is not a flag");
            var name = args[i][2..];
            if (!Known.Contains(name)) throw new UsageException($"no flag --{name}");
            _values[name] = i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : "";
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public int Number(string name, int otherwise) => !_values.TryGetValue(name, out var text) ? otherwise
        : int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number
            : throw new UsageException($"--{name} \"{text}\" is not a number");

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public IReadOnlyCollection<T>? Choices<T>(string name) where T : struct, Enum => Text(name) is not { Length: > 0 } text ? null
        : [.. text.Split(',').Select(part => Enum.TryParse<T>(part, ignoreCase: true, out var value) ? value
            : throw new UsageException($"--{name} \"{part}\" is none of {string.Join(", ", Enum.GetNames<T>())}"))];

    public T? Choice<T>(string name) where T : struct, Enum => Choices<T>(name)?.Single();

    /// <summary>60s, 500ms, 2m; a bare number is seconds.</summary>
    public long Milliseconds(string name, long otherwise)
    {
        if (Text(name) is not { } text) return otherwise;
        var (digits, factor) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1L) : text.EndsWith('m') ? (text[..^1], 60_000L)
            : (text.TrimEnd('s'), 1_000L);
        return long.TryParse(digits, CultureInfo.InvariantCulture, out var number) && number > 0 ? number * factor
            : throw new UsageException($"--{name} \"{text}\" is not a time");
    }
}
