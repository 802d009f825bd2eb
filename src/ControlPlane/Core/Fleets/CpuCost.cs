using VideoScale.ControlPlane.Placement;

namespace VideoScale.ControlPlane.Fleets;

/// <summary>
/// What a Tbit/s of the cost model takes of a node's CPU, learned from what nodes measure: machines differ, and so do cameras that are off.
/// Moving means; a node of which little is known is thought to be like the others.
/// </summary>
internal sealed class CpuCost
{
    /// <summary>A node that carries so much by the model is believed as much as all others together.</summary>
    private const ulong BelievedKbps = 200_000;
    /// <summary>A measurement counts so much of a node's mean, and of the fleet's.</summary>
    private const ulong OfNode = 32, OfAll = 256;
    private const ulong PerTbps = 1_000_000_000, Most = 1_000_000_000;
    private ulong _fleet;

    /// <summary>0 until something was measured.</summary>
    public uint OfFleet => (uint)_fleet;

    /// <param name="before">Of that node.</param>
    public uint Learn(uint before, in MeasuredLoad load)
    {
        if (load.ActualKbpsThen == 0) return before == 0 ? OfFleet : before;
        var said = Math.Min(load.CpuPermille * PerTbps / load.ActualKbpsThen, Most);
        if (load.ActualKbpsThen >= BelievedKbps / 2) _fleet = _fleet == 0 ? said : (_fleet * (OfAll - 1) + said) / OfAll;
        var fleet = _fleet == 0 ? said : _fleet;
        var blended = (load.CpuPermille * PerTbps + BelievedKbps * fleet) / (load.ActualKbpsThen + BelievedKbps);
        return (uint)Math.Min(before == 0 ? blended : (before * (OfNode - 1) + blended) / OfNode, Most);
    }
}
