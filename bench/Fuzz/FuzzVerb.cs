using System.CommandLine;
using System.Globalization;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Fuzz;

/// <summary><c>bench fuzz</c>, which <c>./dev fuzz</c> ends with: keeps what every fuzzer did, from the log that they wrote.</summary>
internal static class FuzzVerb
{
    internal static Command Create()
    {
        var log =
            new Argument<string>("log") { Description = "A line of each fuzzer: name, inputs, seconds, octets of memory that it left." };
        var seed = new Option<string>("--seed") { Description = "That the inputs were drawn by.", DefaultValueFactory = _ => "1" };
        var failed = new Option<bool>("--failed") { Description = "One of them found something." };
        var results = ResultsOption.Of("fuzz");
        var command = new Command("fuzz", "Keeps the figures of ./dev fuzz, which calls this.") { log, seed, failed, results };
        command.Hidden = true;
        command.SetAction(parsed =>
            Keep(parsed.GetValue(log)!, parsed.GetValue(seed)!, parsed.GetValue(failed), parsed.GetValue(results)!));
        return command;
    }

    private static int Keep(string log, string seed, bool failed, string results)
    {
        var lines = File.Exists(log) ? File.ReadAllLines(log).Select(line => line.Split(' ')).ToList() : [];
        if (lines.Count == 0)
        {
            Console.Error.WriteLine($"no fuzzer wrote to {log}");
            return 1;
        }
        var recorder = RunRecorder.Begin().Set("seed", seed).Set("inputs", lines.Sum(line => Number(line[1])));
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var times = seen[line[0]] = seen.GetValueOrDefault(line[0]) + 1;
            var name = line[0].Replace('_', ' ') + (times > 1 ? $" ({times})" : "");
            recorder.Add(name, Number(line[1]) / Math.Max(0.1, Number(line[2])), "inputs/s", Better.Higher) // seconds have one decimal
                .Add($"{name}: kept", Number(line[3]), "octets", Better.Lower);
        }
        recorder.Note(failed ? "failed" : "nothing failed").KeepIn(results);
        return 0;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
