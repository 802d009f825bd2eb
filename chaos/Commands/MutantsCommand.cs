using System.CommandLine;
using VideoScale.Chaos.Mutants;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos mutants</c>.</summary>
public static class MutantsCommand
{
    public static Command Create(CancellationToken stop)
    {
        var (seed, output, busy) = (CommonOptions.Seed(), CommonOptions.Out(), CommonOptions.Busy());
        var build = new Option<DirectoryInfo>("--build") { Description = "folder for the woven copy of the sources, to be used again" };
        var only = new Option<string>("--only") { Description = "bugs, by name, with commas" };
        var tries = new Option<int>("--tries") { Description = "runs in which a bug may be found", DefaultValueFactory = _ => 2 };
        var mutants = new Command("mutants", "Plants bugs in binaries of their own, and runs the scenario that must find each.")
        {
            seed, output, busy, build, only, tries,
        };
        mutants.SetAction(async (parsed, _) =>
        {
            var names = parsed.GetValue(only)?.Split(',');
            Mutant[] chosen = [.. Mutant.All.Where(one => names is null || names.Contains(one.Bug))];
            if (chosen.Length == 0 || (names is not null && chosen.Length != names.Length))
            {
                var known = string.Join(", ", Mutant.All.Select(static one => one.Bug));
                await Console.Error.WriteLineAsync($"chaos: planted bugs are {known}");
                return CommonOptions.Usage;
            }
            var directory = CommonOptions.Folder(parsed.GetValue(output));
            try
            {
                return await MutantRun.RunAsync(chosen, Directory.CreateDirectory(directory).FullName,
                    parsed.GetValue(build)?.FullName ?? Path.Combine(directory, "build"), parsed.GetValue(seed), parsed.GetValue(busy),
                    Math.Max(1, parsed.GetValue(tries)), stop);
            }
            catch (OperationCanceledException) { return (int)Scenarios.Verdict.Stopped; }
        });
        return mutants;
    }
}
