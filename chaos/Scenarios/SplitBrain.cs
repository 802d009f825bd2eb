using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Scenarios;

/// <summary>Partitions that stand for some seconds, of three replicas.</summary>
public class SplitBrain : PartitionScenario
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(3);
    private const int DrawnMs = 2_000;

    public SplitBrain() : this("split-brain", PartitionShape.OfThree) { }

    protected SplitBrain(string name, IReadOnlyList<PartitionShape> shapes) : base(name, shapes) { }

    /// <summary>Until all who must be served are, and some time longer.</summary>
    protected override async Task<Fault> StrikeAsync(Fleet fleet, Partition partition, Random random, PinnedCalls calls,
        CancellationToken cancellationToken)
    {
        var least = Least + TimeSpan.FromMilliseconds(random.Next(DrawnMs));
        var began = History.NowNs;
        Cut(fleet, partition);
        var cut = History.NowNs; // only now all of them are cut
        await calls.AwaitServedAsync(Enumerable.Range(0, partition.Replicas).Where(partition.MustServe), cut, least, Served,
            cancellationToken);
        var healed = History.NowNs; // from here on they may be healed
        fleet.Heal();
        return new Fault(partition, began, cut, healed);
    }
}

/// <summary>As <see cref="SplitBrain"/>, of four replicas: halves without a majority.</summary>
public sealed class SplitEven() : SplitBrain("split-even", PartitionShape.OfFour);

/// <summary>As <see cref="SplitBrain"/>, of five replicas: majorities that overlap.</summary>
public sealed class SplitFive() : SplitBrain("split-five", PartitionShape.OfFive);
