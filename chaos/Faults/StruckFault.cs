namespace VideoScale.Chaos.Faults;

/// <summary>
/// A fault as it was applied, on the clock of <see cref="Workloads.History.NowNs"/>. Surely in force from <see cref="InForceNs"/> until
/// <see cref="EndBeganNs"/>, perhaps from <see cref="BeganNs"/> until <see cref="EndedNs"/>.
/// </summary>
/// <param name="ByRank">Who had which rank when it struck.</param>
public sealed record StruckFault(ScheduledFault Fault, IReadOnlyList<int> ByRank, long BeganNs, long InForceNs)
{
    public long EndBeganNs { get; set; } = long.MaxValue;

    /// <summary>For whoever was killed: when it answered again.</summary>
    public long EndedNs { get; set; } = long.MaxValue;

    /// <summary>Numbers of the replicas it names.</summary>
    public IEnumerable<int> Replicas => Fault.Ranks.Select(rank => ByRank[rank]);

    public int Number(int rank) => ByRank[rank];

    public bool Struck(int rank) => Fault.Ranks.Contains(rank);

    public override string ToString() => $"{Fault.Words} (the leader was replica {ByRank[0]})";
}
