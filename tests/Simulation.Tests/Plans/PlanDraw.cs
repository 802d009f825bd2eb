using VideoScale.Simulation.Engine;

namespace VideoScale.Simulation.Plans;

/// <summary>Draws a plan from a seed. Each run knows only some kinds of trouble, each at its own rate: a swarm finds what an average never meets.</summary>
internal static class PlanDraw
{
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    /// <param name="only">When not null, the classes of faults that may be drawn.</param>
    public static Plan Of(ulong seed, long timeMs, Product? product = null, IReadOnlyCollection<FaultClass>? only = null)
    {
        var chance = new Dice(unchecked(seed * 0x2545F4914F6CDD1D + 0x5EED));
        bool May(FaultClass of) => only is null || only.Contains(of);
        var voters = chance.Of([1, 3, 3, 3, 4, 5]);
        var slots = Math.Min(5, voters + chance.Of([0, 1, 2, 2]));
        var network = May(FaultClass.Network);
        var maxDelayUs = network && chance.OneIn(4) ? chance.Between(5_000, 60_000) : chance.Between(300, 5_000);
        var maxSyncUs = May(FaultClass.Disk) && chance.OneIn(4) ? chance.Between(5_000, 50_000) : chance.Between(200, 5_000);
        var plan = new Plan
        {
            Seed = seed,
            Product = product ?? (chance.OneIn(2) ? Product.ControlPlane : Product.Journal),
            Slots = slots,
            Voters = voters,
            MediaNodes = chance.Between(1, 4),
            Rooms = chance.Between(1, 6),
            Clients = chance.Between(2, 8),
            ThinkMs = chance.Of([10, 40, 100, 200]),
            ReadPerMille = chance.Of([50, 300, 500]),
            LossPerMille = network && chance.OneIn(3) ? chance.Below(150) : 0,
            DuplicatePerMille = network && chance.OneIn(3) ? chance.Below(150) : 0,
            ReplayPerMille = network && chance.OneIn(4) ? 1 + chance.Below(10) : 0,
            MaxDelayUs = maxDelayUs,
            SpikePerMille = network && chance.OneIn(3) ? 1 + chance.Below(20) : 0,
            MaxSyncUs = maxSyncUs,
            DriftPpm = May(FaultClass.Clock) && chance.OneIn(2) ? chance.Between(1_000, 20_000) : 0,
            SnapshotEvery = chance.OneIn(2) ? chance.Between(10, 120) : 1_000_000,
            TailEntries = chance.Of([0, 5, 20, 200]),
            SnapshotPieces = chance.Between(1, 6),
            MaxAppendBytes = chance.OneIn(2) ? 200 : 100_000,
            MaxInflight = chance.Between(1, 8),
            ElectionTicks = maxDelayUs + maxSyncUs > 60_000 ? 8 : chance.Between(4, 7), // a timeout must bear round trips and syncs
            HeartbeatTicks = chance.Between(1, 2),
            Abrupt = chance.OneIn(3),
            LeaveOneDead = chance.OneIn(4) && (May(FaultClass.Crash) || May(FaultClass.Disk)),
            TimeMs = timeMs,
            Faults = [],
        };
        return plan with { Faults = DrawFaults(chance, plan, May) };
    }

    private static List<Fault> DrawFaults(Dice chance, Plan plan, Func<FaultClass, bool> may)
    {
        var faults = new List<Fault>();
        var gapMs = chance.Of([150, 400, 1_000, 2_500, 6_000]);
        var allowed = Kinds.Where(_ => chance.Below(3) > 0).Where(kind => may(new Fault(0, kind, 0, 0, 0, 0).Class)).ToArray();
        if (chance.OneIn(2)) allowed = [.. allowed.Where(kind => kind != FaultKind.Members)];
        if (plan.Product == Product.Journal) allowed = [.. allowed.Where(kind => kind < FaultKind.NodeCut)];
        if (allowed.Length == 0) return faults;
        var longMs = chance.Of([200, 1_000, 5_000, 12_000]);
        for (var at = (long)chance.Below(gapMs); at < plan.FaultsUntilMs; at += 1 + chance.Below(2 * gapMs))
            faults.Add(DrawFault(chance, plan, at, allowed[chance.Below(allowed.Length)], longMs));
        return faults;
    }

    private static Fault DrawFault(Dice chance, Plan plan, long at, FaultKind kind, int longMs)
    {
        var isNodes = kind >= FaultKind.NodeCut;
        var where = chance.Below(isNodes ? plan.MediaNodes : plan.Slots);
        var other = chance.Below(plan.Slots);
        var forMs = (long)chance.Between(10, longMs);
        var amount = 0L;
        switch (kind)
        {
            case FaultKind.Members:
                other = 0;
                while (System.Numerics.BitOperations.PopCount((uint)other) is 0 or > 5) other = chance.Below(1 << plan.Slots);
                amount = ~other & chance.Below(1 << plan.Slots);
                break;
            case FaultKind.ClockStep or FaultKind.NodeClockStep: amount = chance.Between(-30_000, 30_000); break;
            case FaultKind.CrashAll: forMs = chance.Between(10, 2_000); break;
            default: break;
        }
        return new Fault(at, kind, where, other, forMs, amount);
    }
}
