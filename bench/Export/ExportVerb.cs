using System.CommandLine;

namespace VideoScale.Bench.Export;

internal static class ExportVerb
{
    internal static Command Create()
    {
        var events = new Option<int>("--events") { Description = "Events of each measurement.", DefaultValueFactory = _ => 20_000 };
        var rounds = new Option<int>("--rounds") { Description = "Measurements of each; the median counts.", DefaultValueFactory = _ => 3 };
        var results = ResultsOption.Of("export");
        var command = new Command("export", "The event log into PostgreSQL: our COPY beside Marten's own SaveChanges, in one run.")
        {
            events, rounds, results,
        };
        command.SetAction((parsed, _) => ExportBench.RunAsync(parsed.GetValue(events), parsed.GetValue(rounds), parsed.GetValue(results)!));
        return command;
    }
}
