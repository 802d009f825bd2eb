using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Timelines;

namespace VideoScale.Chaos.Tests;

/// <summary>What is drawn of media nodes.</summary>
public sealed class NodeLanesTests
{
    [Fact]
    public void Grants_without_a_long_pause_are_one_tenure_and_those_of_two_nodes_at_once_are_marked()
    {
        Grant[] grants = [Granted("a", 1, 100), Granted("a", 1, 600), Granted("a", 1, 5_000), Granted("b", 2, 4_000),
            Granted("a", 1, 5_100), Granted("b", 2, 5_050)];
        Assert.Equal([new Tenure("room", 1, 100, 600, false), new Tenure("room", 1, 5_000, 5_100, true)],
            NodeLanes.Tenures(grants, "a", Ms));
        Assert.Equal(2, NodeLanes.Tenures(grants, "b", Ms).Count);
    }

    [Fact]
    public void Of_a_lease_only_changes_are_kept() => Assert.Equal([new(0, true, 3), new(2, null, 0), new(4, true, 3)],
        NodeLanes.Leases([new(0, true, 3), new(1, true, 3), new(2, null, 0), new(3, null, 0), new(4, true, 3)]));

    private static Grant Granted(string node, ulong epoch, long atMs) => new("room", node, epoch, atMs * 1_000_000, atMs * 1_000_000);

    private static double Ms(long ns) => ns / 1e6;
}
