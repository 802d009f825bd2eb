using System.Diagnostics;
using System.Text.Json;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Running;

/// <summary>What one run of a scenario by a harness of its own came to, as its result.json says.</summary>
/// <param name="Verdict">Null: it left no result.</param>
/// <param name="Output">All it said.</param>
public sealed record HarnessOutcome(int Code, Verdict? Verdict, IReadOnlyList<string> Broken, IReadOnlyList<string> Violations,
    IReadOnlyList<string> Doubts, IReadOnlyDictionary<string, double> Figures, string Output);

/// <summary>Runs this program again for one scenario: whatever becomes of it, the next one begins anew.</summary>
public static class HarnessRun
{
    /// <param name="directory">For all its files.</param>
    /// <param name="environment">Beside this program's own.</param>
    public static async Task<HarnessOutcome> RunAsync(IReadOnlyList<string> words, string directory, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var word in (string[])["run", .. words, "--out", directory]) start.ArgumentList.Add(word);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("the harness cannot be started again");
        await using var stopped = cancellationToken.Register(() => Signals.SendTo(process.Id, Signals.Terminate));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return Read(process.ExitCode, Path.Combine(directory, ScenarioRun.ResultName), await output + await errors);
    }

    public static HarnessOutcome Read(int code, string file, string output)
    {
        if (!File.Exists(file)) return new(code, null, [], [], [], new Dictionary<string, double>(), output);
        using var result = JsonDocument.Parse(File.ReadAllText(file));
        string[] Words(string name) => result.RootElement.TryGetProperty(name, out var list)
            ? [.. list.EnumerateArray().Select(static one => one.GetString()!)] : [];
        return new(code, Enum.Parse<Verdict>(result.RootElement.GetProperty("verdict").GetString()!), Words("broken"), Words("violations"),
            Words("doubts"), result.RootElement.GetProperty("figures").EnumerateObject()
                .ToDictionary(static one => one.Name, static one => one.Value.GetDouble()), output);
    }
}
