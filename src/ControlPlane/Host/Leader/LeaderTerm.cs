using VideoScale.ControlPlane.Leases;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>What this replica knows only because it leads, for one term: the leases it granted. Apply thread only.</summary>
public sealed class LeaderTerm(ulong term, LeaseTable leases)
{
    public ulong Term { get; } = term;
    public LeaseTable Leases { get; } = leases;
}
