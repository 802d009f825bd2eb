using VideoScale.Chaos.Partitions;

namespace VideoScale.Chaos.Faults;

/// <summary>
/// Draws schedules: in each round a storm, in which faults of two or three families overlap as they come, and then faults that stay and
/// leave
/// a majority whole, under which there must be service.
/// </summary>
public static class ScheduleDraw
{
    private const int Media = 2;
    private const int BeginMs = 1_000, StormMs = 15_000, LastingMs = 13_000, CalmMs = 9_000;
    private const int RoundMs = StormMs + LastingMs + CalmMs;
    private const int ShortestMs = 500, LongestMs = 6_000;
    private const int SlowestDiskMs = 40;
    /// <summary>Longer than any lease; certificates of a new cluster are valid since five minutes.</summary>
    private const int FarthestClockMs = 240_000;
    /// <summary>No fault of the storm reaches into what lasts: processes that are killed have time to come back.</summary>
    private const int BeforeLastingMs = 3_000;
    private static readonly int[] Sizes = [3, 3, 4, 5];

    public static Schedule Of(int seed, int rounds)
    {
        var random = new Random(seed * 7919);
        var replicas = Sizes[random.Next(Sizes.Length)];
        var faults = new List<ScheduledFault>();
        for (var round = 0; round < rounds; round++)
        {
            var families = Enum.GetValues<FaultFamily>();
            random.Shuffle(families);
            families = families[..random.Next(2, 4)];
            var begin = BeginMs + round * RoundMs;
            foreach (var family in families)
                for (var i = random.Next(1, 4); i > 0; i--)
                {
                    var length = random.Next(ShortestMs, LongestMs);
                    faults.Add(Draw(family, begin + random.Next(StormMs - BeforeLastingMs - length), length, replicas, random));
                }
            faults.Add(Lasting(families, begin + StormMs, replicas, random));
        }
        return new Schedule(seed, replicas, Media, [.. faults.OrderBy(static fault => fault.AtMs)]);
    }

    private static ScheduledFault Draw(FaultFamily family, int at, int length, int replicas, Random random)
    {
        var rank = random.Next(replicas);
        switch (family)
        {
            case FaultFamily.Links: return Cut(at, length, replicas, random);
            case FaultFamily.Processes: return random.Next(2) == 0 ? new Freeze(at, length, rank) : new Kill(at, length, rank);
            case FaultFamily.Disks:
                return random.Next(3) switch
                {
                    0 => new HoldDisk(at, length, rank),
                    1 => new SlowDisk(at, length, rank, random.Next(1, SlowestDiskMs)),
                    _ => new FillDisk(at, length, rank),
                };
            case FaultFamily.Power:
                return new LosePower(at, length, random.Next(2) == 0 ? [rank] : [.. Enumerable.Range(0, replicas)]);
            case FaultFamily.Clocks:
                return random.Next(3) == 0 ? new ShiftNodeClock(at, length, random.Next(Media), Shift(random))
                    : new ShiftClock(at, length, rank, Shift(random));
            default: return DrawNode(at, length, replicas, random);
        }
    }

    private static ScheduledFault DrawNode(int at, int length, int replicas, Random random)
    {
        var node = random.Next(Media);
        int[] all = [.. Enumerable.Range(0, replicas)];
        return random.Next(5) switch
        {
            0 => new FreezeNode(at, length, node),
            1 => new KillNode(at, length, node),
            2 => new CutNode(at, length, node, all, ToNode: true, FromNode: false),
            3 => new CutNode(at, length, node, [0], ToNode: true, FromNode: true), // it reaches followers alone
            _ => new CutNode(at, length, node, all, ToNode: true, FromNode: true),
        };
    }

    private static CutLinks Cut(int at, int length, int replicas, Random random)
    {
        var shapes = ShapesOf(replicas);
        var one = random.Next(shapes.Count + 1);
        if (one < shapes.Count) return Of(shapes[one], at, length, random);
        var (from, to) = (random.Next(replicas), random.Next(replicas - 1));
        return new CutLinks(at, length, "one-way", [[from, to >= from ? to + 1 : to]]);
    }

    /// <summary>Something that a majority is not part of, of one of the families; of others nothing lasts.</summary>
    private static ScheduledFault Lasting(FaultFamily[] families, int at, int replicas, Random random)
    {
        var follower = random.Next(1, replicas);
        var anyone = random.Next(replicas);
        return families[random.Next(families.Length)] switch
        {
            FaultFamily.Links => Of(ShapesOf(replicas)[0], at, LastingMs, random),
            FaultFamily.Processes => random.Next(2) == 0 ? new Freeze(at, LastingMs, anyone) : new Kill(at, LastingMs, anyone),
            FaultFamily.Disks => random.Next(2) == 0 ? new HoldDisk(at, LastingMs, follower) : new FillDisk(at, LastingMs, anyone),
            FaultFamily.Power => new LosePower(at, LastingMs, [anyone]),
            FaultFamily.Clocks => new ShiftClock(at, LastingMs, anyone, Shift(random)),
            _ => new CutNode(at, LastingMs, random.Next(Media), [.. Enumerable.Range(0, replicas)], ToNode: true, FromNode: true),
        };
    }

    /// <summary>A shape with ranks in place of replicas: the leader has rank 0.</summary>
    private static CutLinks Of(PartitionShape shape, int at, int length, Random random) => new(at, length, shape.Name,
        [.. shape.Of(leader: 0, random).Cuts.OrderBy(static cut => (cut.From, cut.To)).Select(static cut => (int[])[cut.From, cut.To])]);

    private static IReadOnlyList<PartitionShape> ShapesOf(int replicas) => replicas switch
    {
        3 => PartitionShape.OfThree,
        4 => PartitionShape.OfFour,
        _ => PartitionShape.OfFive,
    };

    private static int Shift(Random random) => random.Next(1_000, FarthestClockMs) * (random.Next(2) == 0 ? 1 : -1);
}
