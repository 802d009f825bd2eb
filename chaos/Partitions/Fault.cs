namespace VideoScale.Chaos.Partitions;

/// <summary>A partition while it lasted, on the clock of <see cref="Workloads.History.NowNs"/>.</summary>
/// <param name="Times">How often the links were cut and healed between its ends; 1: they stayed cut.</param>
public sealed record Fault(Partition Partition, long CutNs, long HealedNs, int Times = 1)
{
    public bool IsFlapping => Times > 1;
}
