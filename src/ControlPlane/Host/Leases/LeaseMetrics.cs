using VideoScale.ControlPlane.Host.Observability;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>What the leader sees of its nodes' silence.</summary>
internal static class LeaseMetrics
{
    internal static void Observe(this ReplicaMetrics metrics, LeaseLoop leases)
    {
        metrics.Measure("videoscale_nodes_silent", "Media nodes with rooms that are silent; known to the leader", () => leases.Silent);
        metrics.Measure("videoscale_silent_majority", "1 while most media nodes are silent together, so that none is declared lost",
            () => leases.IsHolding ? 1 : 0);
    }
}
