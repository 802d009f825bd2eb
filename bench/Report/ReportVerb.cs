using System.CommandLine;
using VideoScale.Harness;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

/// <summary><c>bench report</c>: all results with their history on one page.</summary>
internal static class ReportVerb
{
    internal static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "The page to write.",
            DefaultValueFactory = _ => Repository.Path(".build", "bench-report.html"),
        };
        var json = new Option<bool>("--json") { Description = "Print all results as JSON instead." };
        var command = new Command("report", "One HTML page of all results with their history, peers and machines.") { output, json };
        command.SetAction(parsed => Run(parsed.GetValue(output)!, parsed.GetValue(json)));
        return command;
    }

    private static int Run(string output, bool json)
    {
        var results = ResultSet.Load();
        if (json)
        {
            Console.WriteLine($"[{string.Join(",\n", results.Select(file => file.ToString().TrimEnd()))}]");
            return 0;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        File.WriteAllText(output, ReportPage.Of(results));
        Console.WriteLine($"{results.Count} benchmarks, {results.Sum(file => file.Runs.Count)} runs: {output}");
        return 0;
    }
}
