using VideoScale.Chaos.Faults;

namespace VideoScale.Chaos.Scenarios;

/// <summary>Faults of two or three families at once.</summary>
public sealed class Swarm() : ScheduleScenario("swarm",
    "links, processes, disks, power, clocks, media nodes: two or three at once, drawn from the seed, over 3 to 5 replicas", rounds: 2,
    ScheduleDraw.Of);
