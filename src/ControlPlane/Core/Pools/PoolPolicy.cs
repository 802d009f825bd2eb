using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Pools;

/// <summary>How many media nodes a pool has, and what for. See docs/scaling.md.</summary>
/// <param name="Region">Its nodes register in it; rooms wanted elsewhere do not make it grow. Empty: rooms of every region count.</param>
/// <param name="Min">Never fewer instances.</param>
/// <param name="Max">Never more.</param>
/// <param name="TargetPermille">Share of the nodes' capacity that is to be in use: above it nodes are launched, below it nodes
/// leave.</param>
/// <param name="SpareNodes">So many more than what is used asks for.</param>
/// <param name="HoldMs">A smaller need has to last so long before a node leaves.</param>
/// <param name="BootLimitMs">An instance that has not registered by then is given up and terminated.</param>
/// <param name="DrainWithinMs">A node that is to leave keeps its rooms so long before they are moved.</param>
/// <param name="MilliCentsPerHour">What one instance costs, in thousandths of a cent; for what operators are shown alone.</param>
public sealed record PoolPolicy(
    string Region, AutomationMode Mode, uint Min, uint Max, uint TargetPermille, uint SpareNodes, ulong HoldMs, ulong BootLimitMs,
    ulong DrainWithinMs, ulong MilliCentsPerHour)
{
    /// <summary>A typing error must not buy a data centre.</summary>
    public const uint MostInstances = 1_000;
    public const ulong LongestHoldMs = 24 * 3_600_000UL;
    public const ulong ShortestBootMs = 1_000;
    public const ulong LongestBootMs = 3_600_000;
    public const ulong MostMilliCents = 1_000_000_000;

    public static readonly PoolPolicy Default = new("", AutomationMode.On, 1, 10, 700, 0, 10 * 60_000, 15 * 60_000, 10 * 60_000, 0);

    public Failure? Check() =>
        Rules.OptionalName("region", Region)
        ?? Mode.Check()
        ?? Rules.InRange("max", Max, 1, MostInstances)
        ?? Rules.InRange("min", Min, 0, Max)
        ?? Rules.InRange("target_permille", TargetPermille, 100, 950)
        ?? Rules.InRange("spare_nodes", SpareNodes, 0, Max)
        ?? Rules.InRange("hold_ms", HoldMs, 0, LongestHoldMs)
        ?? Rules.InRange("boot_limit_ms", BootLimitMs, ShortestBootMs, LongestBootMs)
        ?? Rules.InRange("drain_within_ms", DrainWithinMs, 0, Drain.DrainCommand.MaxWithinMs)
        ?? Rules.InRange("milli_cents_per_hour", MilliCentsPerHour, 0, MostMilliCents);

    public void Describe(FieldSink sink)
    {
        sink.Text("region", Region);
        sink.Choice("mode", Mode);
        sink.Number("min", Min);
        sink.Number("max", Max);
        sink.Number("target_permille", TargetPermille);
        sink.Number("spare_nodes", SpareNodes);
        sink.Number("hold_ms", HoldMs);
        sink.Number("boot_limit_ms", BootLimitMs);
        sink.Number("drain_within_ms", DrainWithinMs);
        sink.Number("milli_cents_per_hour", MilliCentsPerHour);
    }

    public static PoolPolicy Read(ref CanonicalReader r) => new(
        r.ReadString(), (AutomationMode)r.ReadByte(), r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt64(),
        r.ReadUInt64(), r.ReadUInt64(), r.ReadUInt64());

    public string Words =>
        $"{Mode.Words()}, {Min} to {Max} nodes, "
        + $"target {TargetPermille / 10} %{(SpareNodes > 0 ? $", {SpareNodes} spare" : "")}"
        + (Region.Length > 0 ? $", region {Region}" : "");
}
