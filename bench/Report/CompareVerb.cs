using System.CommandLine;
using System.Text.Json;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

/// <summary><c>bench compare</c>: what became better and worse between two files or commits.</summary>
internal static class CompareVerb
{
    private const int WrongUsage = 254; // as ./dev

    internal static Command Create()
    {
        var before = new Argument<string>("before") { Description = "A results file, a folder of them, or a commit." };
        var after = new Argument<string>("after") { Description = "The same.", DefaultValueFactory = _ => ResultSet.Folder };
        var all = new Option<bool>("--all") { Description = "Also what differs by no more than 5 %." };
        var command = new Command("compare",
            "Figures of two files or commits beside each other, with a verdict on what differs by more than 5 %.") { before, after, all };
        command.SetAction(parsed => Run(parsed.GetValue(before)!, parsed.GetValue(after)!, parsed.GetValue(all)));
        return command;
    }

    private static int Run(string before, string after, bool all)
    {
        if (Read(before) is not { } then || Read(after) is not { } now) return WrongUsage;
        var comparisons = Comparison.Of(then, now).ToList();
        Console.WriteLine($"{"figure",-72} {"before",12} {"after",12} {"",-16} {"ratio",7}");
        foreach (var c in comparisons.Where(c => all || c.Verdict != Verdict.Same))
        {
            var name = $"{c.Benchmark}{(c.Part.Length > 0 ? $" [{c.Part}]" : "")} {c.After.Name}";
            var ratio = c.Ratio is { } known ? Quantity.Of(known) : "-";
            Console.WriteLine(
                $"{name,-72} {Quantity.Of(c.Before.Value),12} {Quantity.Of(c.After.Value),12} {c.After.Unit,-16} {ratio,7}  "
                + $"{Word(c.Verdict)}");
        }
        int Count(Verdict verdict) => comparisons.Count(c => c.Verdict == verdict);
        Console.WriteLine(
            $"{comparisons.Count} figures in both: {Count(Verdict.Better)} better, {Count(Verdict.Worse)} worse, {Count(Verdict.Same)} "
            + $"the same within 5 %");
        return 0;
    }

    private static string Word(Verdict verdict) => verdict switch { Verdict.Better => "better", Verdict.Worse => "WORSE", _ => "same" };

    private static IReadOnlyList<ResultFile>? Read(string source)
    {
        try
        {
            if (ResultSet.From(source) is { } results) return results;
            Console.Error.WriteLine($"\"{source}\" is neither a results file nor a folder of them nor a commit");
        }
        catch (JsonException e) { Console.Error.WriteLine($"\"{source}\" holds results of another layout: {e.Message}"); }
        return null;
    }
}
