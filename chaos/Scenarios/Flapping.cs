using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Scenarios;

/// <summary>Links that come and go every 0.2 to 2 seconds: no storm of elections, and all are served once they stay.</summary>
public sealed class Flapping() : PartitionScenario("flapping", PartitionShape.OfThree)
{
    private const int ShortestMs = 200, LongestMs = 2_000;
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(15);

    public override string Summary =>
        "links between 3 replicas cut and healed every 0.2 to 2 s: no storm of terms, and all are served again";

    protected override async Task<Fault> StrikeAsync(Fleet fleet, Partition partition, Random random, PinnedCalls calls,
        CancellationToken cancellationToken)
    {
        var began = History.NowNs;
        var times = 0;
        while (History.NowNs - began < Lasts.TotalNanoseconds)
        {
            Cut(fleet, partition);
            await Task.Delay(random.Next(ShortestMs, LongestMs), cancellationToken);
            fleet.Heal();
            times++;
            await Task.Delay(random.Next(ShortestMs, LongestMs), cancellationToken);
        }
        return new Fault(partition, began, began, History.NowNs, times);
    }
}
