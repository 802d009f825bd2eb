using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Cluster;

/// <summary>The rules of leases, replicated. All in milliseconds.</summary>
/// <param name="TtlMs">A node's authority ends this long after it sent the last acknowledged heartbeat.</param>
/// <param name="MarginMs">What the leader waits beyond, for clocks that run at different speeds.</param>
/// <param name="HeartbeatMs">Time between heartbeats.</param>
public sealed record LeaseSettings(uint TtlMs, uint MarginMs, uint HeartbeatMs)
{
    public const uint MinTtlMs = 1_000;
    public const uint MaxTtlMs = 60_000;
    public const uint MinMarginMs = 50;
    public const uint MinHeartbeatMs = 100;
    public static readonly LeaseSettings Default = new(5_000, 500, 1_000);

    /// <summary>No heartbeat for this long makes a node suspected: two beats were missed, and half a beat of jitter is forgiven.</summary>
    public uint SuspectAfterMs => Math.Min(TtlMs, HeartbeatMs * 5 / 2);

    public Failure? Check() => this switch
    {
        { TtlMs: < MinTtlMs or > MaxTtlMs } => Failure.InvalidArgument($"lease.ttl_ms: {TtlMs} breaks the rule: {MinTtlMs} to {MaxTtlMs}"),
        { MarginMs: < MinMarginMs } =>
            Failure.InvalidArgument($"lease.margin_ms: {MarginMs} breaks the rule: {MinMarginMs} to half of ttl_ms ({TtlMs / 2})"),
        _ when MarginMs > TtlMs / 2 =>
            Failure.InvalidArgument($"lease.margin_ms: {MarginMs} breaks the rule: {MinMarginMs} to half of ttl_ms ({TtlMs / 2})"),
        { HeartbeatMs: < MinHeartbeatMs } =>
            Failure.InvalidArgument(
            $"lease.heartbeat_ms: {HeartbeatMs} breaks the rule: {MinHeartbeatMs} to a third of ttl_ms ({TtlMs / 3})"),
        _ when HeartbeatMs > TtlMs / 3 =>
            Failure.InvalidArgument(
            $"lease.heartbeat_ms: {HeartbeatMs} breaks the rule: {MinHeartbeatMs} to a third of ttl_ms ({TtlMs / 3})"),
        _ => null,
    };

    public void Describe(FieldSink sink)
    {
        sink.Number("ttl_ms", TtlMs);
        sink.Number("margin_ms", MarginMs);
        sink.Number("heartbeat_ms", HeartbeatMs);
    }

    public static LeaseSettings Read(ref CanonicalReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32());
}
