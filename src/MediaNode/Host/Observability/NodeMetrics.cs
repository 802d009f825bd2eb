using System.Diagnostics.Metrics;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Observability;

/// <summary>What /metrics says; read when somebody looks.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter _node;
    private readonly Meter _process;

    internal NodeMetrics(AuthorityGate authority, MediaPlane plane, ConnectionLimits connections, TlsMaterial? tls)
    {
        // Beside a replica in one process, each shows its own.
        (_node, _process) = (new Meter(MetricName.Meter, null, null, scope: this), new Meter("process", null, null, scope: this));
        OfAuthority(authority);
        OfMedia(plane);
        OfTcp(plane);
        Gauge("videoscale_media_connections", "Accepted connections that are open.", () => connections.Open);
        Counter("videoscale_media_connections_refused_total", "Connections closed at once because there were too many.",
            () => connections.Refused);
        if (tls is not null)
            Gauge("videoscale_certificate_expires_seconds",
                "Seconds until the process's certificate, or its authority, expires; negative once it has.",
                () => tls.Expiry.SecondsLeft(DateTimeOffset.UtcNow));
        _process.CreateObservableCounter("cpu_seconds_total", static () => ProcessUsage.Read().CpuMs / 1000.0, null,
            "User and system CPU time of the process, in seconds.");
        _process.CreateObservableGauge("resident_memory_bytes", static () => (double)ProcessUsage.Read().ResidentBytes, null,
            "Resident memory of the process, in bytes.");
    }

    internal IReadOnlyCollection<Meter> Meters => [_node, _process];

    public void Dispose()
    {
        _node.Dispose();
        _process.Dispose();
    }

    private void OfAuthority(AuthorityGate authority)
    {
        Gauge("videoscale_media_lease_left_seconds", "What is left of the node's lease; 0 when it has ended.",
            () => authority.View().View.LeaseLeftMs / 1000.0);
        Gauge("videoscale_media_rooms", "Rooms the node has authority over.", () => authority.Counts().Rooms);
        Gauge("videoscale_media_publishers", "Joined participants who may send media.", () => authority.Counts().Publishers);
        Gauge("videoscale_media_subscribers", "Joined participants.", () => authority.Counts().Subscribers);
        Gauge("videoscale_media_reports_pending", "Reports that are not in the log yet.", () => authority.PendingReports);
    }

    private void OfMedia(MediaPlane plane)
    {
        double Sum(Func<MediaShard, double> of) => plane.Shards.Sum(of);
        CounterOfEach("videoscale_media_packets_total", "Packets of the media ports: datagrams, and those of TCP connections.", "direction",
            ("in", () => Sum(shard => shard.Statistics.Received)), ("out", () => Sum(shard => shard.Statistics.Sent)));
        CounterOfEach("videoscale_media_octets_total", "Octets in them.", "direction",
            ("in", () => Sum(shard => shard.Statistics.ReceivedOctets)), ("out", () => Sum(shard => shard.Statistics.SentOctets)));
        Counter("videoscale_media_send_dropped_total", "Datagrams that the kernel took no more of.",
            () => Sum(shard => shard.Statistics.Dropped));
        CounterOfEach("videoscale_media_packets_dropped_total", "Media packets on their way to a subscriber that were not sent.", "reason",
            ("unreachable", () => Sum(shard => shard.Engine.Drops.Unreachable)),
            ("refused", () => Sum(shard => shard.Engine.Drops.Refused)),
            ("no_room", () => Sum(shard => shard.Engine.Drops.NoRoom)),
            ("shard_behind", () => Sum(shard => shard.NotMirrored)));
        CounterOfEach("videoscale_media_data_messages_total", "Messages of data channels.", "what",
            ("received", () => Sum(shard => shard.Data.Received)), ("sent", () => Sum(shard => shard.Data.Sent)),
            ("dropped", () => Sum(shard => shard.Data.Dropped)));
        Counter("videoscale_media_data_overflows_total", "Receivers that fell behind by all that is kept for them, and begin anew.",
            () => Sum(shard => shard.Data.Overflows));
        Counter("videoscale_media_strangers_total", "Datagrams of nobody we know.", () => Sum(shard => shard.Strangers));
        CounterOfEach("videoscale_media_checks_refused_total", "ICE checks in a peer's name that it did not make.", "integrity",
            ("computed", () => Sum(shard => shard.ChecksRefused)), ("not_computed", () => Sum(shard => shard.ChecksIgnored)));
    }

    private void OfTcp(MediaPlane plane)
    {
        if (plane.Listener is not { } listener) return;
        double Sum(Func<TcpStatistics, double> of) => plane.Shards.Sum(shard => of(shard.Tcp));
        Gauge("videoscale_media_tcp_connections", "Open TCP connections of peers.", () => Sum(tcp => tcp.Open));
        Gauge("videoscale_media_tcp_pending", "TCP connections whose first check has not come yet.", () => listener.Pending);
        Gauge("videoscale_media_tcp_waiting_octets", "Octets queued for receivers that have not kept up.",
            () => Sum(tcp => tcp.WaitingOctets));
        CounterOfEach("videoscale_media_tcp_connections_total", "TCP connections, and what became of them.", "what",
            ("accepted", () => listener.Accepted), ("too_many", () => listener.Refused), ("unclaimed", () => listener.Unclaimed),
            ("taken", () => Sum(tcp => tcp.Taken)), ("refused", () => Sum(tcp => tcp.Refused)),
            ("abandoned", () => Sum(tcp => tcp.Abandoned)));
        Counter("videoscale_media_tcp_pictures_dropped_total", "Pictures left out for receivers that read too slowly.",
            () => Sum(tcp => tcp.Drops.Pictures));
        CounterOfEach("videoscale_media_tcp_packets_dropped_total", "Packets left out for receivers that read too slowly.", "kind",
            ("video", () => Sum(tcp => tcp.Drops.PicturePackets)), ("repair", () => Sum(tcp => tcp.Drops.Repairs)),
            ("data", () => Sum(tcp => tcp.Drops.DataPackets)));
        Counter("videoscale_media_tcp_octets_dropped_total", "Octets in them.", () => Sum(tcp => tcp.Drops.Octets));
    }

    private void Gauge(string name, string help, Func<double> read) =>
        _node.CreateObservableGauge(MetricName.InstrumentOf(name), read, null, help);

    private void Counter(string name, string help, Func<double> read) =>
        _node.CreateObservableCounter(MetricName.InstrumentOf(name), read, null, help);

    private void CounterOfEach(string name, string help, string label, params (string Of, Func<double> Read)[] counts) =>
        _node.CreateObservableCounter(MetricName.InstrumentOf(name), () => counts.Select(count =>
            new Measurement<double>(count.Read(), new KeyValuePair<string, object?>(label, count.Of))), null, help);
}
