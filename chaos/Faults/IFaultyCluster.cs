namespace VideoScale.Chaos.Faults;

/// <summary>What a schedule is applied to. Replicas and media nodes by number, from 0.</summary>
public interface IFaultyCluster
{
    /// <summary>The replica that was last seen to lead.</summary>
    int Leader { get; }

    int Replicas { get; }

    /// <summary>All at one moment, in place of those that were cut before.</summary>
    void Cut(IReadOnlyCollection<LinkEnds> links);

    void Freeze(End end);
    void Resume(End end);
    Task KillAsync(End end);

    /// <summary>If it does not run; waits for nothing.</summary>
    void Start(End end);

    /// <summary>Until it answers anything. Who ended meanwhile, as on a full disk, is started again as a supervisor would.</summary>
    /// <param name="mayStart">Whether nothing keeps it down.</param>
    Task AwaitUpAsync(End end, Func<bool> mayStart, CancellationToken cancellationToken);

    /// <summary>Of all of them at one moment; their processes are ended.</summary>
    Task LosePowerAsync(IReadOnlyCollection<int> replicas);

    /// <summary>Has the disk that lost its power back.</summary>
    void ReturnDisk(int replica);

    /// <param name="word">As <see cref="Harness.Disks.StubbornDisk"/> knows them; null: it goes on.</param>
    void TellDisk(int replica, string? word);

    void FillDisk(int replica);
    void FreeDisk(int replica);

    void ShiftClock(End end, TimeSpan by);
}

/// <summary>A replica or a media node.</summary>
public readonly record struct End(bool IsNode, int Number)
{
    public static End Replica(int number) => new(false, number);
    public static End Node(int number) => new(true, number);
}

/// <summary>Nothing that <paramref name="From"/> sends reaches <paramref name="To"/>.</summary>
public readonly record struct LinkEnds(End From, End To);
