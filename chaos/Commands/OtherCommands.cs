using System.CommandLine;
using VideoScale.Chaos.Doctor;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Links;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos doctor</c> and <c>chaos engines</c>.</summary>
public static class OtherCommands
{
    public static Command CreateDoctor(CancellationToken stop)
    {
        var doctor = new Command("doctor", "Shows on this machine that each fault bites, and says what is missing.");
        doctor.SetAction(async (_, _) =>
            Namespaced.IsInside ? await FaultFinding.ShowAllAsync() : Namespaced.Reenter(Environment.GetCommandLineArgs(), stop));
        return doctor;
    }

    public static Command CreateEngines(CancellationToken stop)
    {
        var (seed, output) = (CommonOptions.Seed(), CommonOptions.Out());
        var engines = new Command("engines",
            "What DotNext as it is shipped does, and what ours does: lose, stall and stale on each engine, as a table.")
        {
            seed, output,
        };
        engines.SetAction(async (parsed, _) => Namespaced.IsInside
            ? await EngineComparison.RunAsync([new Lose(), new Stall(), new Stale()], parsed.GetValue(seed),
                CommonOptions.Folder(parsed.GetValue(output)), stop)
            : Namespaced.Reenter(Environment.GetCommandLineArgs(), stop));
        return engines;
    }
}
