using System.CommandLine;
using VideoScale.Chaos.Linearizability;
using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos check</c>.</summary>
public static class CheckCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("history") { Description = "history.jsonl or history.edn" };
        var seconds = new Option<double>("--seconds")
        {
            Description = "for one room; a search that takes longer has failed",
            DefaultValueFactory = _ => 60,
        };
        var strict = new Option<bool>("--strict") { Description = "rooms have a new owner only when somebody moves them" };
        var check = new Command("check", "Says whether what a history saw of each room can have happened one after the other.")
        {
            file, seconds, strict,
        };
        check.SetAction(parsed =>
        {
            try
            {
                var operations = RoomHistory.Of(History.ReadFrom(parsed.GetValue(file)!.FullName));
                var rooms = new LinearizabilityChecker(TimeSpan.FromSeconds(parsed.GetValue(seconds)), !parsed.GetValue(strict))
                    .Check(operations);
                RoomFinding[] wrong = [.. rooms.Where(static room => room.Outcome != Linearizability.Linearizability.Holds)];
                foreach (var room in wrong) Console.WriteLine(RoomHistory.Words(room));
                Console.WriteLine($"{operations.Count} operations on {rooms.Count} rooms: "
                    + (wrong.Length == 0 ? "linearizable" : $"{wrong.Length} rooms are not"));
                return (int)(wrong.Length > 0 ? Verdict.Violation : rooms.Count == 0 ? Verdict.Invalid : Verdict.Valid);
            }
            catch (FormatException e)
            {
                Console.Error.WriteLine($"chaos: {e.Message}");
                return CommonOptions.Usage;
            }
        });
        return check;
    }
}
