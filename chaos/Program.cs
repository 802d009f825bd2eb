using System.CommandLine;
using VideoScale.Chaos.Doctor;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;

IScenario[] scenarios =
[
    new LeaderKill(), new AllKill(), new PowerLoss(), new PausedLeader(), new LeaderCut(),
    new SplitBrain(), new SplitEven(), new SplitFive(), new Flapping(),
    new Authority(), new RollingUpgrade(), new Lose(), new Stall(), new Stale(),
];

var name = new Argument<string>("scenario") { Description = "a name from `chaos list`" };
var seed = new Option<int>("--seed") { Description = "draws faults and operations", DefaultValueFactory = _ => 1 };
var rounds = new Option<int>("--rounds") { Description = "how often the fault strikes; 0 for the scenario's default" };
var output = new Option<DirectoryInfo>("--out") { Description = "folder for history, result and logs; a new temporary one by default" };
var former = new Option<FileInfo>("--former")
{
    Description = "the videoscale command of the version that rolling-upgrade begins with; without it replicas restart as they are",
};
var engine = new Option<string>("--engine") { Description = "what keeps the log, as of `up`", DefaultValueFactory = _ => "native" };
var busy = new Option<int>("--busy")
{
    Description = "hundredths of the time in which the load's clients call, all at once and without pause",
    DefaultValueFactory = _ => 100,
};
busy.Validators.Add(static result =>
{
    if (result.GetValueOrDefault<int>() is < 5 or > 100) result.AddError("--busy: 5 to 100");
});
var run = new Command("run", "Runs one scenario against real processes and checks its laws.") { name, seed, rounds, output, former,
    engine, busy };
run.SetAction(async (parsed, cancellationToken) =>
{
    var scenario = scenarios.FirstOrDefault(s => s.Name == parsed.GetValue(name));
    if (scenario is null)
    {
        await Console.Error.WriteLineAsync($"chaos: no scenario \"{parsed.GetValue(name)}\"; `chaos list` names them");
        return 254;
    }
    if (scenario.WhyNotOn(parsed.GetValue(engine)!) is { } why)
    {
        await Console.Error.WriteLineAsync($"chaos: {scenario.Name} proves nothing on {parsed.GetValue(engine)}: {why}");
        return 254;
    }
    if (scenario.NeedsNamespaces && !Namespaced.IsInside) return Namespaced.Reenter(Environment.GetCommandLineArgs());
    var directory = parsed.GetValue(output)?.FullName ?? Directory.CreateTempSubdirectory("chaos-").FullName;
    var asked = parsed.GetValue(rounds);
    var options = new ScenarioOptions(parsed.GetValue(seed), asked > 0 ? asked : scenario.DefaultRounds, directory,
        parsed.GetValue(former)?.FullName, parsed.GetValue(engine)!, parsed.GetValue(busy));
    try { return (int)(await ScenarioRun.RunAsync(scenario, options, cancellationToken)).Verdict; }
    catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
    {
        await Console.Error.WriteLineAsync($"chaos: fault of the harness: {e}\nlogs: {directory}");
        return 255;
    }
});
var engines = new Command("engines",
    "What DotNext as it is shipped does, and what ours does: lose, stall and stale on each engine, as a table.")
{ seed, output };
engines.SetAction(async (parsed, cancellationToken) => await EngineComparison.RunAsync([new Lose(), new Stall(), new Stale()],
    parsed.GetValue(seed), parsed.GetValue(output)?.FullName ?? Directory.CreateTempSubdirectory("chaos-").FullName, cancellationToken));
var doctor = new Command("doctor", "Shows on this machine that each fault bites, and says what is missing.");
doctor.SetAction(static async (_, _) =>
    Namespaced.IsInside ? await FaultFinding.ShowAllAsync() : Namespaced.Reenter(Environment.GetCommandLineArgs()));
var list = new Command("list", "Names the scenarios.");
list.SetAction(_ => { foreach (var s in scenarios) Console.WriteLine($"{s.Name,-15} {s.DefaultRounds,4} rounds  {s.Summary}"); });
return await new RootCommand("Tries to break VideoScale with real processes, disks and networks. " +
    "Exit codes: 0 valid, 1 violation, 2 proves nothing, 3 not live in time, 254 usage, 255 fault of the harness.") { run, engines, doctor,
        list }
    .Parse(args).InvokeAsync();
