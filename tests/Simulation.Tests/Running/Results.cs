using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using VideoScale.Harness;

namespace VideoScale.Simulation.Running;

/// <summary>A file of figures: a list for each kind of run, each run with its commit and machine. Documents point to it.</summary>
internal static class Results
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <param name="kind">The list to add to; a run of the same name takes the place of the earlier one.</param>
    public static void Add(string path, string kind, string name, object figures)
    {
        var file = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
        var runs = file[kind]?.AsArray() ?? [];
        var run = new JsonObject { ["name"] = name, ["date"] = DateTimeOffset.UtcNow.ToString("O"), ["commit"] = Commit(), ["machine"] = $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}" };
        foreach (var (key, value) in JsonSerializer.SerializeToNode(figures, Json)!.AsObject().ToArray()) run[key] = value?.DeepClone();
        var kept = new JsonArray();
        foreach (var other in runs)
            if ((string?)other!["name"] != name) kept.Add(other.DeepClone());
        kept.Add(run);
        file[kind] = kept;
        File.WriteAllText(path, file.ToJsonString(Json) + "\n");
    }

    /// <summary>The commit that the sources stand at, with a mark when they differ from it; empty outside a repository.</summary>
    private static string Commit()
    {
        try
        {
            var start = new ProcessStartInfo("git", ["describe", "--always", "--dirty=-changed", "--abbrev=10"]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Path() };
            using var git = Process.Start(start)!;
            var said = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return said;
        }
        catch (System.ComponentModel.Win32Exception) { return ""; } // no git here
    }
}
