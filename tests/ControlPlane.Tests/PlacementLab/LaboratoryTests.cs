using VideoScale.Bench.PlacementLab;
using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.ControlPlane.Tests.PlacementLab;

/// <summary>The laboratory of <c>bench placement</c> in small, so that it and what it shows cannot rot.</summary>
public sealed class LaboratoryTests
{
    private static readonly LaboratorySize Small = new(8, 4_400);

    private static Dictionary<string, Outcome> Run(IEnumerable<Outcome> outcomes) =>
        outcomes.ToDictionary(outcome => outcome.Name, StringComparer.Ordinal);

    [Fact]
    public void On_a_small_day_forecasts_beat_what_others_do_and_moves_beat_forecasts()
    {
        var found = Run(new Laboratory(Small).FixedFleet(1));
        var (second, moving) = (found[Laboratory.Second], found[Laboratory.Moving]);
        foreach (var baseline in Laboratory.Baselines(1))
            Assert.True(second.OverloadShare < found[baseline.Name].OverloadShare, $"{baseline.Name} is better");
        Assert.True(moving.OverloadShare < second.OverloadShare, $"{moving.OverloadShare} with moves, {second.OverloadShare} without");
        Assert.InRange(moving.Moves, 1, 1_000);
        Assert.Equal((0, 1), (second.Moves, moving.MostMovesOfAPerson)); // nobody twice within ten minutes
    }

    [Fact]
    public void The_same_seed_gives_the_same_day()
    {
        var (first, again) = (Run(new Laboratory(Small).FixedFleet(2, false)), Run(new Laboratory(Small).FixedFleet(2, false)));
        Assert.Equal(first.Values.Select(Figures), again.Values.Select(Figures));
    }

    [Fact]
    public void A_burst_of_joins_is_spread_before_any_node_has_said_anything_and_passes_no_cap()
    {
        var bursts = Laboratory.Bursts(1).ToDictionary(burst => burst.Name, StringComparer.Ordinal);
        foreach (var ours in (string[])[Laboratory.First, Laboratory.Second])
        {
            Assert.InRange(bursts[ours].MaxToMean, 1, 1.15);
            Assert.Equal(0, bursts[ours].Refused);
        }
        Assert.True(bursts["least CPU"].MaxToMean > 2, "who keeps nothing in mind herds");
    }

    [Fact]
    public void Every_other_scenario_runs()
    {
        var lab = new Laboratory(Small with { Rooms = 1_000 });
        IEnumerable<Outcome>[] all =
            [lab.ElasticDay(1), lab.MixedNodes(1), lab.Deaths(1), lab.HourBoundary(1), lab.StaleHeartbeats(1, 30_000)];
        foreach (var outcome in all.SelectMany(outcomes => outcomes))
            Assert.True(outcome.People > 0 && outcome.NodeHours > 0, outcome.Name);
        Assert.True(lab.BoundsOf(1).FluidNodeHours <= lab.BoundsOf(1).PackedNodeHours);
    }

    private static (double, double, double, double, int, int) Figures(Outcome outcome) => (outcome.OverloadShare, outcome.MaxToMean,
        outcome.NodeHours, outcome.MovedPerPerson, outcome.Moves, outcome.Waited);
}
