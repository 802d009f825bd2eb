using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Cluster;

/// <summary>What is neither room nor node. Immutable: a change replaces it.</summary>
/// <param name="LongestTtlMs">The longest lease ever granted: after a change it still counts for those granted before.</param>
/// <param name="Generation">Recovery generation: the top bits of every epoch.</param>
/// <param name="Term">Term of the last recorded leader.</param>
public sealed record ClusterRecord(
    LeaseSettings Lease, uint LongestTtlMs, uint LongestMarginMs, uint RulesVersion, ushort Generation, ulong Term, ulong Leader,
        Checkpoint Checkpoint)
{
    /// <summary>Rules this program knows.</summary>
    public const uint KnownRulesVersion = 1;

    /// <summary>Null while the log goes on. Written apart, behind everything else: states of before had none.</summary>
    public LogSeal? Seal { get; init; }

    public static readonly ClusterRecord Initial =
        new(LeaseSettings.Default, LeaseSettings.Default.TtlMs, LeaseSettings.Default.MarginMs, KnownRulesVersion, 0, 0, 0,
            Checkpoint.None);

    public void Describe(FieldSink sink)
    {
        Lease.Describe(sink);
        sink.Number("longest_ttl_ms", LongestTtlMs);
        sink.Number("longest_margin_ms", LongestMarginMs);
        sink.Number("rules_version", RulesVersion);
        sink.Number("generation", Generation);
        sink.Number("term", Term);
        sink.Number("leader", Leader);
        Checkpoint.Describe(sink);
    }

    public static ClusterRecord Read(ref CanonicalReader r) => new(
        LeaseSettings.Read(ref r), r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32(), checked((ushort)r.ReadUInt32()), r.ReadUInt64(),
            r.ReadUInt64(), Checkpoint.Read(ref r));
}
