namespace VideoScale.Consensus.Tests.Simulation;

internal enum FaultKind { CutOneWay, Isolate, HealLinks, Crash, Restart, Pause, SlowDisk, Transfer, ChangeMembership, CrashLeader, IsolateLeader }

/// <summary>One fault at one time. Times are ms of simulated time.</summary>
internal sealed record Fault(long AtMs, FaultKind Kind, int Node, int Other, long ForMs)
{
    public override string ToString() => $"{AtMs} {Kind} {Node} {Other} {ForMs}";
}

/// <summary>What one run is made of: drawn from a seed, but kept apart from the run's own chance so that a failing one can be cut down.</summary>
internal sealed record SimPlan
{
    public required int Seed { get; init; }
    public required int Voters { get; init; }
    public required int Learners { get; init; }
    public required int LossPerMille { get; init; }
    public required int DuplicatePerMille { get; init; }
    public required int MaxDelayMs { get; init; }
    public required int MaxSyncMs { get; init; }
    public required int SnapshotEvery { get; init; }
    public required int TailEntries { get; init; }
    public required int WritePeriodMs { get; init; }
    public required int MaxAppendBytes { get; init; }
    public required int MaxInflight { get; init; }
    public required int Burst { get; init; }
    public required int ElectionTicks { get; init; }
    public required long FaultPhaseMs { get; init; }
    public required long HealedPhaseMs { get; init; }
    public required IReadOnlyList<Fault> Faults { get; init; }

    public int Nodes => Voters + Learners;

    public static SimPlan Draw(int seed)
    {
        var random = new Random(seed);
        int[] sizes = [1, 3, 3, 3, 4, 5];
        var voters = sizes[random.Next(sizes.Length)];
        var learners = random.Next(4) == 0 ? 1 : 0;
        const long faultPhase = 2_500;
        var maxDelay = 1 + random.Next(random.Next(4) == 0 ? 60 : 8);
        var maxSync = 1 + random.Next(random.Next(4) == 0 ? 50 : 8);
        return new SimPlan
        {
            Seed = seed,
            Voters = voters,
            Learners = learners,
            LossPerMille = random.Next(3) == 0 ? random.Next(200) : 0,
            DuplicatePerMille = random.Next(3) == 0 ? random.Next(200) : 0,
            MaxDelayMs = maxDelay,
            MaxSyncMs = maxSync,
            SnapshotEvery = random.Next(2) == 0 ? 10 + random.Next(60) : 100_000,
            TailEntries = random.Next(20),
            WritePeriodMs = 1 + random.Next(15),
            MaxAppendBytes = random.Next(2) == 0 ? 200 : 100_000,
            MaxInflight = 1 + random.Next(8),
            ElectionTicks = maxDelay + maxSync > 12 ? 6 : 3 + random.Next(4), // a timeout must bear a round trip and a sync
            Burst = 1 + random.Next(6),
            FaultPhaseMs = faultPhase,
            HealedPhaseMs = 1_500,
            Faults = DrawFaults(random, voters + learners, faultPhase),
        };
    }

    private static List<Fault> DrawFaults(Random random, int nodes, long phaseMs)
    {
        var faults = new List<Fault>();
        var rate = 20 + random.Next(300);
        var kinds = Enum.GetValues<FaultKind>();
        var allowed = kinds.Where(_ => random.Next(3) > 0).ToArray(); // swarm: each run knows only some kinds of fault
        if (random.Next(4) > 0) allowed = [.. allowed.Where(kind => kind != FaultKind.ChangeMembership)];
        if (allowed.Length == 0) return faults;
        for (var at = (long)random.Next(rate); at < phaseMs; at += 1 + random.Next(2 * rate))
            faults.Add(new Fault(at, allowed[random.Next(allowed.Length)], random.Next(nodes), random.Next(nodes), 10 + random.Next(400)));
        return faults;
    }
}
