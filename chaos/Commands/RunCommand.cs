using System.CommandLine;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Links;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos run</c> and <c>chaos list</c>.</summary>
public static class RunCommand
{
    public static Command Create(CancellationToken stop)
    {
        var name = new Argument<string>("scenario") { Description = "a name from `chaos list`" };
        var rounds = new Option<int>("--rounds") { Description = "how often the fault strikes; 0 for the scenario's default" };
        var former = new Option<FileInfo>("--former")
        {
            Description = "the videoscale command of the version that rolling-upgrade begins with; without it replicas restart as they are",
        };
        var engine = new Option<string>("--engine") { Description = "what keeps the log, as of `up`", DefaultValueFactory = _ => "native" };
        var schedule = new Option<FileInfo>("--schedule")
        {
            Description = "faults to strike with in place of drawn ones: a schedule.json of swarm",
        };
        var (seed, output, busy) = (CommonOptions.Seed(), CommonOptions.Out(), CommonOptions.Busy());
        var run = new Command("run", "Runs one scenario against real processes and checks its laws.")
        {
            name, seed, rounds, output, former, engine, busy, schedule,
        };
        run.SetAction(async (parsed, _) =>
        {
            var scenario = AllScenarios.Find(parsed.GetValue(name)!);
            if (scenario is null) return await RefuseAsync($"no scenario \"{parsed.GetValue(name)}\"; `chaos list` names them");
            if (scenario.WhyNotOn(parsed.GetValue(engine)!) is { } why)
                return await RefuseAsync($"{scenario.Name} proves nothing on {parsed.GetValue(engine)}: {why}");
            var file = parsed.GetValue(schedule)?.FullName;
            if (file is not null && scenario is not IScheduledScenario)
                return await RefuseAsync($"{scenario.Name} strikes in its own way: --schedule is for "
                    + string.Join(", ", AllScenarios.List.OfType<IScheduledScenario>().Select(static one => one.Name)));
            if (scenario.NeedsNamespaces && !Namespaced.IsInside) return Namespaced.Reenter(Environment.GetCommandLineArgs(), stop);
            var directory = CommonOptions.Folder(parsed.GetValue(output));
            var asked = parsed.GetValue(rounds);
            var options = new ScenarioOptions(parsed.GetValue(seed), asked > 0 ? asked : scenario.DefaultRounds, directory,
                parsed.GetValue(former)?.FullName, parsed.GetValue(engine)!, parsed.GetValue(busy), file);
            try { return (int)(await ScenarioRun.RunAsync(scenario, options, stop)).Verdict; }
            catch (FormatException e) { return await RefuseAsync(e.Message); }
            catch (Exception e)
            {
                await Console.Error.WriteLineAsync($"chaos: fault of the harness: {e}\nlogs: {directory}");
                return 255;
            }
        });
        return run;
    }

    public static Command CreateList()
    {
        var list = new Command("list", "Names the scenarios.");
        list.SetAction(static _ =>
        {
            foreach (var one in AllScenarios.List) Console.WriteLine($"{one.Name,-15} {one.DefaultRounds,4} rounds  {one.Summary}");
        });
        return list;
    }

    private static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync($"chaos: {why}");
        return CommonOptions.Usage;
    }
}
