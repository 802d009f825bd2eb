using Prometheus;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Ownership;

namespace VideoScale.MediaNode.Host.Observability;

/// <summary>What /metrics says; read when somebody looks.</summary>
internal sealed class NodeMetrics
{
    internal CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    internal NodeMetrics(AuthorityGate authority)
    {
        var factory = Metrics.WithCustomRegistry(Registry);
        var leaseLeft = factory.CreateGauge("videoscale_media_lease_left_seconds", "What is left of the node's lease; 0 when it has ended.");
        var rooms = factory.CreateGauge("videoscale_media_rooms", "Rooms the node has authority over.");
        var publishers = factory.CreateGauge("videoscale_media_publishers", "Joined participants who may send media.");
        var subscribers = factory.CreateGauge("videoscale_media_subscribers", "Joined participants.");
        var reports = factory.CreateGauge("videoscale_media_reports_pending", "Reports that are not in the log yet.");
        var cpu = factory.CreateCounter("process_cpu_seconds_total", "User and system CPU time of the process, in seconds.");
        var resident = factory.CreateGauge("process_resident_memory_bytes", "Resident memory of the process, in bytes.");
        Registry.AddBeforeCollectCallback(() =>
        {
            var counts = authority.Counts();
            var usage = ProcessUsage.Read();
            leaseLeft.Set(authority.View().View.LeaseLeftMs / 1000.0);
            rooms.Set(counts.Rooms);
            publishers.Set(counts.Publishers);
            subscribers.Set(counts.Subscribers);
            reports.Set(authority.PendingReports);
            cpu.IncTo(usage.CpuMs / 1000.0);
            resident.Set(usage.ResidentBytes);
        });
    }
}
