namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// The same faults on each engine: those that are offered must come through, and DotNext as it is shipped must not, or the faults prove
/// nothing.
/// </summary>
public static class EngineComparison
{
    private const string AsShipped = "dotnext-plain";
    private static readonly string[] Engines = [AsShipped, "dotnext", "etcd", "native"];

    /// <returns>0 when every verdict is what it should be.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<IScenario> scenarios, int seed, string directory,
        CancellationToken cancellationToken)
    {
        var verdicts = new List<(string Scenario, string Engine, Verdict? Verdict)>();
        foreach (var scenario in scenarios)
            foreach (var engine in Engines)
            {
                if (scenario.WhyNotOn(engine) is not null)
                {
                    verdicts.Add((scenario.Name, engine, null));
                    continue;
                }
                var options = new ScenarioOptions(seed, scenario.DefaultRounds, Path.Combine(directory, $"{scenario.Name}-{engine}"),
                    Engine: engine);
                verdicts.Add((scenario.Name, engine, (await ScenarioRun.RunAsync(scenario, options, cancellationToken)).Verdict));
            }
        Console.WriteLine($"{"",-8}{string.Concat(Engines.Select(engine => $"{engine,-16}"))}");
        foreach (var row in verdicts.GroupBy(verdict => verdict.Scenario))
            Console.WriteLine($"{row.Key,-8}{string.Concat(row.Select(cell => $"{cell.Verdict switch
            {
                Verdict.Valid => "green",
                Verdict.Violation => "RED",
                Verdict.NotLive => "RED (not live)",
                null => "-",
                _ => "proves nothing",
            },-16}"))}");
        return verdicts.All(cell => cell.Engine == AsShipped ? cell.Verdict is Verdict.Violation or Verdict.NotLive
            : cell.Verdict is Verdict.Valid or null) ? 0 : 1;
    }
}
