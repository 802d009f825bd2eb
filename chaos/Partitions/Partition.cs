namespace VideoScale.Chaos.Partitions;

/// <summary>
/// One direction of one link: nothing that <paramref name="From"/> sends reaches <paramref name="To"/>. Replicas by number.
/// </summary>
public readonly record struct Cut(int From, int To);

/// <summary>Which replicas of a cluster do not hear which, and what follows from that for those who call them.</summary>
public sealed class Partition
{
    private readonly HashSet<Cut> _cuts;
    private readonly int[] _possibleLeaders;

    public Partition(string name, int replicas, IEnumerable<Cut> cuts)
    {
        (Name, Replicas, _cuts) = (name, replicas, [.. cuts]);
        foreach (var cut in _cuts.Where(cut => cut.From == cut.To || !IsReplica(cut.From) || !IsReplica(cut.To)))
            throw new ArgumentException($"no link leads from {cut.From} to {cut.To} in a cluster of {replicas}", nameof(cuts));
        _possibleLeaders = [.. Everyone.Where(one => Everyone.Count(other => Speaks(one, other)) > replicas / 2)];
    }

    public string Name { get; }
    public int Replicas { get; }
    public IReadOnlyCollection<Cut> Cuts => _cuts;

    /// <summary>Those who reach a majority, themselves among it, both ways: only they can commit anything.</summary>
    public IReadOnlyList<int> PossibleLeaders => _possibleLeaders;

    /// <summary>Whoever calls it is served, whichever of the possible leaders leads.</summary>
    public bool MustServe(int replica) => _possibleLeaders.Length > 0 && _possibleLeaders.All(leader => Speaks(replica, leader));

    /// <summary>No leader can be reached from it: what it is asked from now on it cannot do before the partition heals.</summary>
    public bool CannotServe(int replica) => !_possibleLeaders.Any(leader => Speaks(replica, leader));

    public bool Hears(int replica, int other) => replica == other || !_cuts.Contains(new Cut(other, replica));

    private bool Speaks(int one, int other) => Hears(one, other) && Hears(other, one);

    private bool IsReplica(int number) => number >= 0 && number < Replicas;

    private IEnumerable<int> Everyone => Enumerable.Range(0, Replicas);
}
