using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.Bench.PlacementLab.Figures;

/// <summary>Looks at a run and moves nothing: what the same rooms would need at the least.</summary>
internal sealed class Bounds : IMover
{
    private const long EveryMs = 600_000;
    private readonly double _cores;
    private readonly double _nicKbps;
    private double _fluidMs, _packedMs, _participants, _indivisible;

    /// <param name="cores">Of a node.</param>
    internal Bounds(double cores) => (_cores, _nicKbps) = (cores, cores * SimulationSettings.NicKbpsOfACore);

    /// <summary>If load were a fluid: all of it at 85 % of nodes that come and go at once.</summary>
    internal double FluidNodeHours => _fluidMs / 3_600_000;

    /// <summary>If rooms were packed anew every ten minutes, the largest first, for free.</summary>
    internal double PackedNodeHours => _packedMs / 3_600_000;

    /// <summary>Share of participants whose room alone is more than 85 % of a node: nobody can do better.</summary>
    internal double IndivisibleShare => _participants == 0 ? 0 : _indivisible / _participants;

    public IEnumerable<(LabRoom Room, LabNode To)> Round(LabFleet fleet, long nowMs)
    {
        if (nowMs % EveryMs == 0) Look(fleet);
        return [];
    }

    private void Look(LabFleet fleet)
    {
        var rooms = fleet.Nodes.SelectMany(node => node.Rooms).ToList();
        var shares = new List<double>();
        foreach (var room in rooms)
        {
            var share = room.Load.ShareOf(_cores, _nicKbps);
            shares.Add(share);
            _participants += room.Participants;
            if (share > Tally.Overload) _indivisible += room.Participants;
        }
        _fluidMs += shares.Sum() / Tally.Overload * EveryMs;
        _packedMs += Pack(shares) * EveryMs;
    }

    /// <summary>First fit, the largest first: how many nodes.</summary>
    private static int Pack(List<double> shares)
    {
        var nodes = new List<double>();
        foreach (var share in shares.OrderDescending())
        {
            var at = nodes.FindIndex(used => used + share <= Tally.Overload);
            if (at < 0) nodes.Add(share);
            else nodes[at] += share;
        }
        return nodes.Count;
    }
}
