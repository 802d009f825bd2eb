namespace VideoScale.ControlPlane.Placement;

/// <summary>
/// What counts as used of a node: what rooms are charged, or what was measured plus the growth still reserved, whichever is more; and
/// pending decisions.
/// </summary>
/// <param name="CpuPermille">As measured; 0 when that is too old.</param>
public readonly record struct NodeUse(Reservation Reserved, uint CpuPermille)
{
    /// <summary>What the seats cost by the model that CPU was measured of; 0 when that is too old.</summary>
    public ulong MeasuredOfKbps { get; init; }

    /// <summary>
    /// CPU once everything promised has come, and this room too: as measured, and for what was not there yet by what a bit has cost so far.
    /// </summary>
    public ulong CpuForecastPermille(NodeView node, Reservation need)
    {
        var promisedKbps = node.Charged.BitrateKbps - node.SettledKbps + node.Pending.BitrateKbps + need.BitrateKbps;
        return CpuPermille + node.CpuPermilleOf(promisedKbps > MeasuredOfKbps ? promisedKbps - MeasuredOfKbps : 0);
    }

    /// <param name="nowMs">Leader's monotonic clock, for the age of measured load.</param>
    public static NodeUse Of(NodeView node, PlacementSettings settings, long nowMs)
    {
        var used = node.Charged;
        var (cpu, ofKbps) = (0u, 0UL);
        if (node.Load is { } load && nowMs - load.MeasuredAtMs <= settings.LoadFreshMs)
        {
            var growth = node.Charged - node.Actual;
            used = Reservation.Max(used, growth + new Reservation(load.Publishers, load.Subscribers, load.BitrateKbps));
            (cpu, ofKbps) = (load.CpuPermille, load.ActualKbpsThen);
        }
        return new(used + node.Pending, cpu) { MeasuredOfKbps = ofKbps };
    }

    /// <summary>
    /// Share of the hard caps that is free in the tightest dimension, CPU among them, once something is there too; in permille.
    /// </summary>
    public int HeadroomPermille(Capacity capacity, Reservation need)
    {
        var with = Reserved + need;
        var most = Math.Max(CpuPermille, Math.Max(
            Permille(with.BitrateKbps, capacity.BitrateKbps),
            Math.Max(Permille(with.Publishers, capacity.Publishers), Permille(with.Subscribers, capacity.Subscribers))));
        return 1000 - (int)Math.Min(most, 1000);
    }

    private static ulong Permille(ulong part, ulong whole) => (part * 1000 + whole - 1) / whole;
}
