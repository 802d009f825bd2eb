namespace VideoScale.Chaos.Scenarios;

/// <summary>Each once, in the order in which they are listed.</summary>
public static class AllScenarios
{
    public static IReadOnlyList<IScenario> List { get; } =
    [
        new LeaderKill(), new AllKill(), new PowerLoss(), new PausedLeader(), new LeaderCut(),
        new SplitBrain(), new SplitEven(), new SplitFive(), new Flapping(), new Swarm(), new NodesApart(),
        new Authority(), new RollingUpgrade(), new Lose(), new Stall(), new Stale(),
    ];

    public static IScenario? Find(string name) => List.FirstOrDefault(scenario => scenario.Name == name);
}
