using VideoScale.Simulation.Engine;

namespace VideoScale.Simulation.Plans;

/// <summary>
/// Draws a plan from a seed. Each run knows only some kinds of trouble, each at its own rate: a swarm finds what an average never meets.
/// </summary>
internal static class PlanDraw
{
    // drawn apart: one clock at a time
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.ClockFarOff)];

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
        var above = product ?? (chance.OneIn(2) ? Product.ControlPlane : Product.Journal);
        // many writers: long tails that nobody commits, many reads at whoever no longer leads
        var crowd = above == Product.Journal && chance.OneIn(4);
        var plan = new Plan
        {
            Seed = seed,
            Product = above,
            Slots = slots,
            Voters = voters,
            MediaNodes = chance.Between(1, 4),
            Rooms = chance.Between(1, 6),
            Clients = crowd ? chance.Between(12, 40) : chance.Between(2, 8),
            Flood = above == Product.Journal && chance.OneIn(4) ? chance.Between(10, 160) : 0,
            ThinkMs = chance.Of([10, 40, 100, 200]),
            ReadPerMille = chance.Of([50, 300, 500]),
            LossPerMille = network && chance.OneIn(3) ? chance.Below(150) : 0,
            DuplicatePerMille = network && chance.OneIn(3) ? chance.Below(150) : 0,
            ReplayPerMille = network && chance.OneIn(4) ? 1 + chance.Below(10) : 0,
            MaxDelayUs = maxDelayUs,
            SpikePerMille = network && chance.OneIn(3) ? 1 + chance.Below(20) : 0,
            MaxSyncUs = maxSyncUs,
            DriftPpm = May(FaultClass.Clock) && chance.OneIn(2) ? chance.Between(1_000, 20_000) : 0,
            SnapshotEvery = !chance.OneIn(2) ? 1_000_000 : above == Product.Journal ? chance.Between(10, 120) : chance.Between(40, 400),
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
        plan = plan with { Faults = DrawFaults(chance, plan, May) };
        var apart = new Dice(unchecked(seed * 0xD1342543DE82EF95 + 0x7A11));
        if (!network || !May(FaultClass.Crash) || !May(FaultClass.Partition)) return plan;
        if (above == Product.ControlPlane)
            return apart.OneIn(4) && May(FaultClass.Pause) && May(FaultClass.Disk) ? WithFadingNodes(apart, plan) : plan;
        return apart.Below(4) switch { 0 => WithLostAnswers(apart, plan), 1 => WithLongTails(apart, plan), _ => plan };
    }

    /// <summary>
    /// Many write in small appends; again and again one member's answers are lost for a moment, and then it ends and starts again: it comes
    /// back with entries it never acknowledged, and hears of commits beyond what its leader has shown it to share. Drawn apart from all
    /// else.
    /// </summary>
    private static Plan WithLostAnswers(Dice chance, Plan plan)
    {
        var faults = plan.Faults.ToList();
        for (var at = 800L + chance.Below(500); at < plan.FaultsUntilMs; at += chance.Between(500, 2_000))
        {
            var (who, unheardMs) = (chance.Below(plan.Slots), chance.Between(100, 400));
            for (var other = 0; other < plan.Slots; other++)
                if (other != who) faults.Add(new Fault(at, FaultKind.CutOneWay, who, other, unheardMs, 0));
            faults.Add(new Fault(at + unheardMs - chance.Between(10, 60), FaultKind.Crash, who, 0, chance.Between(10, 80), 0));
        }
        return plan with
        {
            Clients = Math.Max(plan.Clients, chance.Between(8, 20)),
            Flood = Math.Max(plan.Flood, chance.Between(20, 80)),
            MaxAppendBytes = 200,
            MaxInflight = 8,
            Faults = [.. faults.OrderBy(fault => fault.AtMs)],
        };
    }

    /// <summary>
    /// A leader is cut off again and again while many write to it, and the others soon keep a snapshot alone: it comes back with a long
    /// tail that nobody else has, and is sent a snapshot that ends within it. Drawn apart from all else.
    /// </summary>
    private static Plan WithLongTails(Dice chance, Plan plan)
    {
        var faults = plan.Faults.ToList();
        for (var at = 1_000L + chance.Below(1_000); at < plan.FaultsUntilMs; at += chance.Between(2_000, 4_000))
            faults.Add(new Fault(at, FaultKind.IsolateLeader, 0, 0, chance.Between(500, 1_500), 0));
        return plan with
        {
            Flood = Math.Max(plan.Flood, chance.Between(60, 160)),
            SnapshotEvery = chance.Between(10, 30),
            TailEntries = 0,
            Faults = [.. faults.OrderBy(fault => fault.AtMs)],
        };
    }

    /// <summary>
    /// Media nodes whose lines grow slow and then fall silent, again and again, while the replicas have no trouble: what they granted ends
    /// on the tick, and rooms go elsewhere at once. Enough nodes that one which is silent is believed lost. Drawn apart from all else.
    /// </summary>
    private static Plan WithFadingNodes(Dice chance, Plan plan)
    {
        var faults = new List<Fault>();
        plan = plan with { MediaNodes = Math.Max(plan.MediaNodes, 3), Rooms = Math.Max(plan.Rooms, 4), DriftPpm = 0 };
        for (var at = 1_000L + chance.Below(2_000); at < plan.FaultsUntilMs; at += chance.Between(9_000, 14_000))
            faults.AddRange(Fading(chance, plan, at));
        return plan with { Faults = [.. faults.OrderBy(fault => fault.AtMs)] };
    }

    /// <summary>
    /// One voter that becomes three, then five, then three again, of which the first need not be one; all other trouble as ever. Appends
    /// may be large: whoever joins must be able to receive faster than others write.
    /// </summary>
    public static Plan OfJourney(ulong seed, long timeMs, Product? product = null, IReadOnlyCollection<FaultClass>? only = null)
    {
        const int slots = 5;
        var plan = Of(seed, timeMs, product, only);
        var chance = new Dice(unchecked(seed * 0x9FB21C651E98DF25 + 0x1353));
        plan = plan with
        {
            Slots = slots,
            Voters = 1,
            LeaveOneDead = false,
            MaxAppendBytes = 100_000,
            Journey = [1 | ThreeOf(chance, slots, 1), (1 << slots) - 1, ThreeOf(chance, slots, 0)],
        };
        return plan with
        {
            Faults = [.. DrawFaults(chance, plan, of => only is null || only.Contains(of))
            .Where(fault => fault.Kind != FaultKind.Members)]
        };
    }

    private static int ThreeOf(Dice chance, int slots, int chosen)
    {
        while (System.Numerics.BitOperations.PopCount((uint)chosen) < 3) chosen |= 1 << chance.Below(slots);
        return chosen;
    }

    private static List<Fault> DrawFaults(Dice chance, Plan plan, Func<FaultClass, bool> may)
    {
        var faults = new List<Fault>();
        var gapMs = chance.Of([150, 400, 1_000, 2_500, 6_000]);
        var longMs = chance.Of([200, 1_000, 5_000, 12_000]);
        var allowed = Kinds.Where(kind => may(new Fault(0, kind, 0, 0, 0, 0).Class)).ToArray();
        if (plan.Product == Product.Journal) allowed = [.. allowed.Where(kind => kind < FaultKind.NodeCut)];
        if (chance.OneIn(2)) allowed = [.. allowed.Where(_ => chance.Below(3) > 0)];
        else // few kinds, and those often: two that must meet do
        {
            var aboutNodes = plan.Product == Product.ControlPlane && chance.Below(3) > 0;
            if (aboutNodes)
            {
                allowed = [.. allowed.Where(IsAboutNodes)];
                longMs = chance.Of([1_000, 8_000, 12_000]); // a lease takes more than five seconds to end
            }
            chance.Shuffle(allowed);
            allowed = allowed[..Math.Min(allowed.Length, aboutNodes ? chance.Between(2, 6) : chance.Between(1, 4))];
        }
        if (chance.OneIn(2)) allowed = [.. allowed.Where(kind => kind != FaultKind.Members)];
        if (allowed.Length == 0) return faults;
        for (var at = (long)chance.Below(gapMs); at < plan.FaultsUntilMs; at += 1 + chance.Below(2 * gapMs))
            faults.Add(DrawFault(chance, plan, at, allowed[chance.Below(allowed.Length)], longMs));
        if (plan.Product == Product.ControlPlane && chance.OneIn(4))
            for (var at = 1_000L + chance.Below(2_000); at < plan.FaultsUntilMs; at += chance.Between(9_000, 14_000))
                faults.AddRange(Fading(chance, plan, at).Where(fault => may(fault.Class)));
        if (plan.Product == Product.ControlPlane && chance.OneIn(2))
            faults.AddRange(FarOffClocks(chance, plan).Where(fault => may(fault.Class)));
        return [.. faults.OrderBy(fault => fault.AtMs)];
    }

    /// <summary>
    /// A wall clock that is seconds, hours or a day wrong for a while, and then right again: at one replica after the other.
    /// </summary>
    private static IEnumerable<Fault> FarOffClocks(Dice chance, Plan plan)
    {
        for (var at = 1_500L + chance.Below(3_000); at < plan.FaultsUntilMs;)
        {
            var forMs = chance.Between(500, 10_000);
            // Most often a day ahead, which does most harm: ids made just now look older than any that may run.
            var amount = chance.Of([10_000, 7_200_000, 90_000_000, 90_000_000]) * (chance.OneIn(3) ? -1L : 1L);
            yield return new Fault(at, FaultKind.ClockFarOff, chance.Below(plan.Slots), 0, forMs, amount);
            at += forMs + chance.Between(1_000, 15_000);
        }
    }

    /// <summary>
    /// A media node's lines grow slow; then it is not heard any more, or its process stands still past its lease while the replicas' disks
    /// stall as well.
    /// </summary>
    private static List<Fault> Fading(Dice chance, Plan plan, long at)
    {
        var node = chance.Below(plan.MediaNodes);
        var slow = new Fault(at, FaultKind.NodeSlow, node, 0, chance.Between(3_000, 9_000), chance.Between(400, 1_400));
        var then = at + chance.Between(1_000, 2_500);
        if (chance.OneIn(2)) return [slow, new Fault(then, FaultKind.NodeMute, node, 0, chance.Between(6_000, 9_000), 0)];
        return [slow, new Fault(then, FaultKind.NodePause, node, 0, chance.Between(4_500, 7_500), 0),
            new Fault(then + 4_000, FaultKind.StallDisks, 0, 0, chance.Between(1_000, 4_000), 0)];
    }

    /// <summary>What a media node's lease meets: trouble of the node, and of whoever grants it.</summary>
    private static bool IsAboutNodes(FaultKind kind) => kind >= FaultKind.NodeCut
        || kind is FaultKind.Sides or FaultKind.PauseLeader or FaultKind.FreezeLeader or FaultKind.StallDisks or FaultKind.ClockStep;

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
            case FaultKind.Sides: amount = 1 + chance.Below((1 << (plan.Slots + plan.MediaNodes)) - 1); break;
            case FaultKind.FreezeLeader:
                other = chance.Below(1 << plan.MediaNodes);
                amount = chance.Between(300, 3_000);
                forMs = chance.Between(1_000, 9_000);
                break;
            case FaultKind.NodeSlow: amount = chance.Between(100, 1_400); break;
            case FaultKind.LoseLog:
                amount = chance.Below(2);
                forMs = chance.Between(2_000, 6_000); // a disk is not replaced within an election: a vote of before counts no more
                break;
            case FaultKind.CrashAll: forMs = chance.Between(10, 2_000); break;
            default: break;
        }
        return new Fault(at, kind, where, other, forMs, amount);
    }
}
