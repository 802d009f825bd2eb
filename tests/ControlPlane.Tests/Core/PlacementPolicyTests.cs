using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>A policy is filters and scorers; the first one decides what the single function decided that it was made of.</summary>
public sealed class PlacementPolicyTests
{
    private const long NowMs = 20_000;
    private static readonly string[] Regions = ["", "eu", "us"];

    private sealed record Given(IReadOnlyList<FirstNode> Of, ulong ViewIndex) : IFleet
    {
        private readonly NodeView[] _views = [.. Of.Select(node => node.View)];
        public ReadOnlySpan<NodeView> Nodes => _views;
    }

    [Fact]
    public void Version_1_decides_what_it_always_did() => Seeds.Run(1_000, random =>
    {
        for (var i = 0; i < 100; i++)
        {
            var fleet = Fleet(random);
            var request = Request(random, fleet);
            var settings = random.Next(4) == 0 ? new PlacementSettings((uint)random.Next(1, 1001), (uint)random.Next(1, 1001), 5_000)
                : PlacementSettings.Default;
            Equal(FirstPlacement.Decide(fleet.ViewIndex, fleet.Of, request, settings, NowMs),
                PlacementPolicy.WorstFit.Decide(fleet, request, settings, NowMs));
        }
    });

    [Fact]
    public void Every_node_is_a_candidate_or_was_refused_for_a_reason() => Seeds.Run(200, random =>
    {
        var fleet = Fleet(random);
        var decision = PlacementPolicy.WorstFit.DecideOnce(fleet, Request(random, fleet), PlacementSettings.Default, NowMs);
        var refused = (int)decision.RejectionCounts.Sum(count => count.Count);
        Assert.Equal(Math.Min(fleet.Of.Count - refused, PlacementDecision.MaxCandidates), decision.Candidates.Length);
        Assert.Equal(Math.Min(refused, PlacementDecision.MaxRejections), decision.Rejections.Length);
        Assert.All(decision.Rejections, rejection => Assert.NotEqual("unknown", rejection.Words));
        Assert.Equal(decision.Found ? decision.Node : new(""), decision.Candidates.IsEmpty ? new("") : decision.Candidates[0].Node);
    });

    /// <summary>Version 2 refuses what version 1 refuses, and picks what it decides; its choice leaves nothing to collect.</summary>
    [Fact]
    public void Version_2_refuses_as_version_1_does_and_its_choice_allocates_nothing() => Seeds.Run(300, random =>
    {
        var fleet = Fleet(random);
        var request = Request(random, fleet);
        var (first, second) = (PlacementPolicy.WorstFit.DecideOnce(fleet, request, PlacementSettings.Default, NowMs),
            PlacementPolicy.Forecast.DecideOnce(fleet, request, PlacementSettings.Default, NowMs));
        Assert.Equal((1u, 2u), (first.PolicyVersion, second.PolicyVersion));
        Assert.Equal(first.Rejections.AsEnumerable(), second.Rejections);
        Assert.Equal(first.Candidates.Length, second.Candidates.Length);
        PlacementPolicy.Forecast.Pick(fleet, request, PlacementSettings.Default, NowMs);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var picked = PlacementPolicy.Forecast.Pick(fleet, request, PlacementSettings.Default, NowMs);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(second.Node, picked?.Node ?? new(""));
    });

    /// <summary>What looks idle and is promised to many is fuller than what is half full and will stay so.</summary>
    [Fact]
    public void Version_2_counts_what_is_to_come_in_processor_time_and_not_what_has_grown_already()
    {
        var (wide, hour) = (new Capacity(10_000, 100_000, 8_000_000), new Reservation(0, 0, 1_000_000));
        NodeView Node(string name, Reservation charged, uint cpu, ulong settledKbps) => new(new(name), 1, "", NodeStanding.Open, wide,
            charged, default, 1, default, 0, new(cpu, 0, 0, 0, NowMs))
        { CpuPermillePerTbps = 600_000, SettledKbps = settledKbps };
        string Pick(params NodeView[] nodes) => PlacementPolicy.Forecast.Pick(
            new Given([.. nodes.Select(view => new FirstNode(view, NodeHealth.Healthy, NodeScheduling.Active))], 1),
            new(default, "", PlacementReason.Created, new(""), new("")), PlacementSettings.Default, NowMs)!.Node.Value;
        Assert.Equal("half-full", Pick(Node("half-full", default, 500, 0), Node("promised", hour, 100, 0)));
        Assert.Equal("grown", Pick(Node("half-full", default, 500, 0), Node("grown", hour, 100, 1_000_000)));
    }

    /// <summary>A second policy is its parts: nothing that decides knows the first one's.</summary>
    [Fact]
    public void A_policy_of_other_parts_gives_their_reasons_and_scores()
    {
        var policy = new PlacementPolicy(7, [new RegionFilter(), new OddNamesAreDrained()], [new FewerRoomsScorer()]);
        var fleet = new Given([.. Enumerable.Range(0, 5).Select(i => Open($"n{i}", rooms: (uint)(10 - i)))], 3);
        var decision = policy.Decide(fleet, new(default, "", PlacementReason.Created, new(""), new("")), PlacementSettings.Default, NowMs);
        Assert.Equal((7u, "n4", -6), (decision.PolicyVersion, decision.Node.Value, decision.Candidates[0].ScorePermille));
        Assert.Equal(["n1: drained", "n3: drained"], decision.Rejections.Select(rejection => $"{rejection.Node}: {rejection.Words}"));
        Assert.Equal(new RejectionCount(RejectionReason.Drained, 2), Assert.Single(decision.RejectionCounts));
    }

    private sealed class OddNamesAreDrained : INodeFilter
    {
        public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
            candidate.Node.Node.Value[^1] % 2 == 0 ? RejectionReason.None : RejectionReason.Drained;
    }

    private static void Equal(PlacementDecision first, PlacementDecision now)
    {
        Assert.Equal((first.Node, first.Incarnation, first.Need, first.Reason), (now.Node, now.Incarnation, now.Need, now.Reason));
        Assert.Equal((first.ViewIndex, first.PolicyVersion), (now.ViewIndex, now.PolicyVersion));
        Assert.True(first.Candidates.SequenceEqual(now.Candidates), "candidates");
        Assert.True(first.Rejections.SequenceEqual(now.Rejections), "rejections");
        Assert.True(first.RejectionCounts.SequenceEqual(now.RejectionCounts), "counts");
    }

    private static Given Fleet(Random random) => new(
        [.. Enumerable.Range(0, random.Next(0, 13)).Select(i => Node(random, $"n{i:D2}"))], (ulong)random.Next(1, 1_000));

    private static FirstNode Open(string name, uint rooms)
    {
        var capacity = new Capacity(100, 1_000, 1_000_000);
        return new(new(new(name), 1, "", NodeStanding.Open, capacity, default, default, rooms, default, 0, null),
            NodeHealth.Healthy, NodeScheduling.Active);
    }

    /// <summary>Most are well, so that there is something to choose among; figures are small, so that scores meet.</summary>
    private static FirstNode Node(Random random, string name)
    {
        var health = random.Next(5) == 0 ? (NodeHealth)random.Next(0, 5) : NodeHealth.Healthy;
        var scheduling = random.Next(5) == 0 ? (NodeScheduling)random.Next(0, 5) : NodeScheduling.Active;
        var capacity = new Capacity((uint)random.Next(1, 40), (uint)random.Next(1, 200), (ulong)random.Next(1, 100_000));
        var charged = Some(random, capacity);
        var actual = new Reservation((uint)random.Next((int)charged.Publishers + 1), (uint)random.Next((int)charged.Subscribers + 1),
            (ulong)random.NextInt64((long)charged.BitrateKbps + 1));
        MeasuredLoad? load = random.Next(3) == 0 ? null : new((uint)random.Next(0, 1001), (ulong)random.Next(0, 100_000),
            (uint)random.Next(0, 40), (uint)random.Next(0, 200), NowMs - random.Next(0, 15_000), random.Next(10) == 0);
        var view = new NodeView(new(name), (ulong)random.Next(1, 100), Regions[random.Next(Regions.Length)],
            PlacementInputs.StandingOf(health, scheduling), capacity, charged, actual, (uint)random.Next(0, 4),
            random.Next(3) == 0 ? Some(random, capacity) : default, (uint)random.Next(0, 2), load);
        return new(view, health, scheduling);
    }

    private static Reservation Some(Random random, Capacity capacity) => random.Next(3) == 0 ? default : new(
        (uint)random.Next((int)capacity.Publishers + 1), (uint)random.Next((int)capacity.Subscribers + 1),
        (ulong)random.NextInt64((long)capacity.BitrateKbps + 1));

    private static PlacementRequest Request(Random random, Given fleet)
    {
        NodeId OneOf() => fleet.Of.Count == 0 || random.Next(8) == 0 ? new("elsewhere") : fleet.Of[random.Next(fleet.Of.Count)].View.Node;
        return new(new((uint)random.Next(0, 6), (uint)random.Next(0, 20), (ulong)random.Next(0, 5_000)),
            Regions[random.Next(Regions.Length)],
            (PlacementReason)random.Next(1, 6), random.Next(3) == 0 ? OneOf() : new(""), random.Next(4) == 0 ? OneOf() : new(""));
    }
}
