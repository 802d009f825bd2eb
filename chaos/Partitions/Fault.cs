namespace VideoScale.Chaos.Partitions;

/// <summary>A partition while it lasted, on the clock of <see cref="Workloads.History.NowNs"/>.</summary>
/// <param name="BeganNs">Nothing was cut before; all was from <paramref name="CutNs"/> on.</param>
/// <param name="Times">How often the links were cut and healed between its ends; 1: they stayed cut.</param>
public sealed record Fault(Partition Partition, long BeganNs, long CutNs, long HealedNs, int Times = 1)
{
    /// <summary>From then on until every replica had served a call; null: some did not within the limit.</summary>
    public double? ServedAgainMs { get; init; }

    public bool IsFlapping => Times > 1;
}
