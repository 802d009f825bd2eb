namespace VideoScale.Chaos.Partitions;

/// <summary>A way to divide a cluster of one size.</summary>
/// <param name="Replicas">Size of the cluster it is for.</param>
/// <param name="Cuts">Given who leads, and who the others are in an order drawn by the seed.</param>
public sealed record PartitionShape(string Name, string Summary, int Replicas, Func<int, int[], IEnumerable<Cut>> Cuts)
{
    public Partition Of(int leader, Random random)
    {
        int[] others = [.. Enumerable.Range(0, Replicas).Where(replica => replica != leader)];
        random.Shuffle(others);
        return new Partition(Name, Replicas, Cuts(leader, others));
    }

    public static IReadOnlyList<PartitionShape> OfThree { get; } =
    [
        new("leader-alone", "2–1, the leader in the minority", 3, static (leader, others) => Apart([leader], others)),
        new("follower-alone", "2–1, the leader in the majority", 3, static (leader, others) => Apart([leader, others[0]], [others[1]])),
        new("one-link", "the leader and one follower do not hear each other; the third hears both", 3,
            static (leader, others) => Apart([leader], [others[0]])),
        new("leader-deaf", "the leader hears nobody, all hear it", 3, static (leader, others) => OneWay(others, [leader])),
        new("leader-mute", "nobody hears the leader, it hears all", 3, static (leader, others) => OneWay([leader], others)),
        new("all-alone", "1–1–1", 3, static (leader, others) =>
            [.. Apart([leader], others), .. Apart([others[0]], [others[1]])]),
    ];

    public static IReadOnlyList<PartitionShape> OfFour { get; } =
    [
        new("two-halves", "2–2: no half has a majority", 4, static (leader, others) => Apart([leader, others[0]], others[1..])),
        new("leader-and-one", "2–2 by the leader's links alone: it reaches one other, the three others each other", 4,
            static (leader, others) => Apart([leader], others[1..])),
    ];

    public static IReadOnlyList<PartitionShape> OfFive { get; } =
    [
        new("leader-in-two", "3–2, the leader among the two", 5, static (leader, others) => Apart([leader, others[0]], others[1..])),
        new("majorities-ring", "each reaches its two neighbours alone: everybody sees a majority, nobody the same one", 5,
            static (leader, others) => Ring([leader, .. others])),
        new("bridge", "2–2, and one who reaches both halves", 5, static (leader, others) => Apart([leader, others[0]], others[1..3])),
    ];

    private static IEnumerable<Cut> Apart(int[] some, int[] others) => [.. OneWay(some, others), .. OneWay(others, some)];

    private static IEnumerable<Cut> OneWay(int[] from, int[] to) => from.SelectMany(one => to.Select(other => new Cut(one, other)));

    private static IEnumerable<Cut> Ring(int[] around) =>
        from one in Enumerable.Range(0, around.Length)
        from other in Enumerable.Range(0, around.Length)
        where (other - one + around.Length) % around.Length is not (0 or 1) && (one - other + around.Length) % around.Length != 1
        select new Cut(around[one], around[other]);
}
