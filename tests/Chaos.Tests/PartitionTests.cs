using VideoScale.Chaos.Partitions;

namespace VideoScale.Chaos.Tests;

/// <summary>What follows from who does not hear whom.</summary>
public sealed class PartitionTests
{
    private const int Leader = 1; // in each of these

    /// <summary>Numbers of replicas: the leader's is 1, the others' are 0, 2, 3, 4.</summary>
    [Theory]
    [InlineData("leader-alone", "02", "02", "1")]
    [InlineData("leader-deaf", "02", "02", "1")]
    [InlineData("leader-mute", "02", "02", "1")]
    [InlineData("all-alone", "", "", "012")]
    [InlineData("two-halves", "", "", "0123")]
    public void Those_who_reach_a_majority_both_ways_serve(string shape, string leaders, string must, string cannot)
    {
        var partition = Of(shape);
        Assert.Equal((leaders, must, cannot),
            (Numbers(partition, partition.PossibleLeaders.Contains), Numbers(partition, partition.MustServe),
            Numbers(partition, partition.CannotServe)));
    }

    [Theory]
    [InlineData("follower-alone", 2, 2, 1)]
    [InlineData("one-link", 3, 1, 0)] // the third reaches both, and may lead as well
    [InlineData("leader-and-one", 3, 3, 0)]
    [InlineData("leader-in-two", 3, 3, 2)]
    [InlineData("majorities-ring", 5, 0, 0)]
    [InlineData("bridge", 5, 1, 0)]
    public void Overlapping_majorities_are_counted(string shape, int leaders, int must, int cannot)
    {
        var partition = Of(shape);
        Assert.Equal((leaders, must, cannot), (partition.PossibleLeaders.Count, Numbers(partition, partition.MustServe).Length,
            Numbers(partition, partition.CannotServe).Length));
    }

    [Fact]
    public void Every_shape_cuts_something_and_has_a_name_of_its_own()
    {
        Assert.All(All, shape => Assert.NotEmpty(shape.Of(0, new Random(1)).Cuts));
        Assert.Equal(All.Count, All.Select(shape => shape.Name).Distinct().Count());
        Assert.Equal(Of("majorities-ring").Cuts.Order(ByLink),
            Of("majorities-ring").Cuts.Select(cut => new Cut(cut.To, cut.From)).Order(ByLink));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 3)]
    [InlineData(-1, 2)]
    public void A_link_that_is_not_there_cannot_be_cut(int from, int to) =>
        Assert.Throws<ArgumentException>(() => new Partition("wrong", 3, [new Cut(from, to)]));

    private static readonly Comparer<Cut> ByLink = Comparer<Cut>.Create((a, b) => (a.From, a.To).CompareTo((b.From, b.To)));

    private static List<PartitionShape> All => [.. PartitionShape.OfThree, .. PartitionShape.OfFour, .. PartitionShape.OfFive];

    private static Partition Of(string shape) => All.Single(one => one.Name == shape).Of(Leader, new Random(1));

    private static string Numbers(Partition partition, Func<int, bool> which) =>
        string.Concat(Enumerable.Range(0, partition.Replicas).Where(which));
}
