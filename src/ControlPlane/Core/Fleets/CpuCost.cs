using VideoScale.ControlPlane.Placement;

namespace VideoScale.ControlPlane.Fleets;

/// <summary>
/// What a Tbit/s of the cost model takes of a node's CPU, learned from what nodes measure: machines differ, and so do cameras that are off.
/// Moving means; a node of which little is known is thought to be like the others, and the first ones as if their caps were all they can
/// do.
/// </summary>
internal sealed class CpuCost
{
    /// <summary>A node that carries so much by the model is believed as much as all others together.</summary>
    private const ulong BelievedKbps = 600_000;
    /// <summary>Less than this says little about anybody else.</summary>
    private const ulong TellingKbps = 100_000;
    /// <summary>A measurement counts so much of a node's mean, and of the fleet's.</summary>
    private const ulong OfNode = 32, OfAll = 256;
    private const ulong PerTbps = NodeView.KbpsPerTbps, Most = 1_000_000_000;
    private ulong _fleet;

    /// <summary>Of a node that has measured nothing.</summary>
    public uint Of(Capacity capacity) => (uint)(_fleet > 0 ? _fleet : OfCaps(capacity));

    /// <param name="before">Of that node.</param>
    public uint Learn(uint before, in MeasuredLoad load, Capacity capacity)
    {
        if (load.ActualKbpsThen == 0) return Of(capacity);
        if (_fleet == 0) _fleet = OfCaps(capacity);
        var said = Math.Min(load.CpuPermille * PerTbps / load.ActualKbpsThen, Most);
        if (load.ActualKbpsThen >= TellingKbps) _fleet = (_fleet * (OfAll - 1) + said) / OfAll;
        var blended = (load.CpuPermille * PerTbps + BelievedKbps * _fleet) / (load.ActualKbpsThen + BelievedKbps);
        return (uint)Math.Min((before * (OfNode - 1) + blended) / OfNode, Most);
    }

    private static ulong OfCaps(Capacity capacity) => Math.Min(1_000 * PerTbps / Math.Max(1, capacity.BitrateKbps), Most);
}
