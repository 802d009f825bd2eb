using Prometheus;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Observability;

/// <summary>What /metrics says; read when somebody looks.</summary>
internal sealed class NodeMetrics
{
    internal CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    internal NodeMetrics(AuthorityGate authority, MediaPlane plane, ConnectionLimits connections, TlsMaterial? tls)
    {
        var factory = Metrics.WithCustomRegistry(Registry);
        var leaseLeft = factory.CreateGauge("videoscale_media_lease_left_seconds",
            "What is left of the node's lease; 0 when it has ended.");
        var rooms = factory.CreateGauge("videoscale_media_rooms", "Rooms the node has authority over.");
        var publishers = factory.CreateGauge("videoscale_media_publishers", "Joined participants who may send media.");
        var subscribers = factory.CreateGauge("videoscale_media_subscribers", "Joined participants.");
        var reports = factory.CreateGauge("videoscale_media_reports_pending", "Reports that are not in the log yet.");
        var packets = factory.CreateCounter("videoscale_media_packets_total", "Datagrams of the media ports.", "direction");
        var octets = factory.CreateCounter("videoscale_media_octets_total", "Octets in them.", "direction");
        var dropped = factory.CreateCounter("videoscale_media_send_dropped_total", "Datagrams that the kernel took no more of.");
        var packetsDropped = factory.CreateCounter(
            "videoscale_media_packets_dropped_total", "Media packets on their way to a subscriber that were not sent.", "reason");
        var strangers = factory.CreateCounter("videoscale_media_strangers_total", "Datagrams of nobody we know.");
        var refused = factory.CreateCounter("videoscale_media_checks_refused_total", "ICE checks in a peer's name that it did not make.",
            "integrity");
        var open = factory.CreateGauge("videoscale_media_connections", "Accepted connections that are open.");
        var tooMany = factory.CreateCounter("videoscale_media_connections_refused_total",
            "Connections closed at once because there were too many.");
        var certificate = tls is null ? null : factory.CreateGauge("videoscale_certificate_expires_seconds",
            "Seconds until the process's certificate, or its authority, expires; negative once it has.");
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
            packets.WithLabels("in").IncTo(plane.Shards.Sum(shard => shard.Statistics.Received));
            packets.WithLabels("out").IncTo(plane.Shards.Sum(shard => shard.Statistics.Sent));
            octets.WithLabels("in").IncTo(plane.Shards.Sum(shard => shard.Statistics.ReceivedOctets));
            octets.WithLabels("out").IncTo(plane.Shards.Sum(shard => shard.Statistics.SentOctets));
            dropped.IncTo(plane.Shards.Sum(shard => shard.Statistics.Dropped));
            packetsDropped.WithLabels("unreachable").IncTo(plane.Shards.Sum(shard => shard.Engine.Drops.Unreachable));
            packetsDropped.WithLabels("refused").IncTo(plane.Shards.Sum(shard => shard.Engine.Drops.Refused));
            packetsDropped.WithLabels("no_room").IncTo(plane.Shards.Sum(shard => shard.Engine.Drops.NoRoom));
            packetsDropped.WithLabels("shard_behind").IncTo(plane.Shards.Sum(shard => shard.NotMirrored));
            strangers.IncTo(plane.Shards.Sum(shard => shard.Strangers));
            refused.WithLabels("computed").IncTo(plane.Shards.Sum(shard => shard.ChecksRefused));
            refused.WithLabels("not_computed").IncTo(plane.Shards.Sum(shard => shard.ChecksIgnored));
            open.Set(connections.Open);
            tooMany.IncTo(connections.Refused);
            certificate?.Set(tls!.Expiry.SecondsLeft(DateTimeOffset.UtcNow));
            cpu.IncTo(usage.CpuMs / 1000.0);
            resident.Set(usage.ResidentBytes);
        });
    }
}
