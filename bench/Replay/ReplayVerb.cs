using System.CommandLine;

namespace VideoScale.Bench.Replay;

internal static class ReplayVerb
{
    internal static Command Create()
    {
        var events = new Option<ulong>("--events") { Description = "Events in the log.", DefaultValueFactory = _ => 5_000_000 };
        var rooms = new Option<int>("--rooms") { Description = "Rooms alive at once.", DefaultValueFactory = _ => 20_000 };
        var runs = new Option<int>("--runs") { Description = "Folds; the median counts.", DefaultValueFactory = _ => 3 };
        var keep =
            new Option<string?>("--keep") { Description = "Make the log here and keep it; without it a temporary directory is used." };
        var results = ResultsOption.Of("replay");
        var part = new Option<string?>("--part") { Hidden = true };
        var command = new Command("replay", "Folding and verifying a log of five million events.") { events, rooms, runs, keep, results,
            part };
        command.SetAction((parse, _) => parse.GetValue(part) is { } work
            ? Task.FromResult(ReplayBench.RunPart(work, parse.GetValue(keep)!))
            : ReplayBench.RunAsync(parse.GetValue(events), parse.GetValue(rooms), parse.GetValue(runs), parse.GetValue(keep),
                parse.GetValue(results)!));
        return command;
    }
}
