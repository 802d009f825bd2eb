namespace VideoScale.ControlPlane.Host.EventLog;

public sealed record EventLogOptions
{
    public const uint DefaultEventsPerSegment = 65_536;

    /// <summary>
    /// Events in a sealed segment; 64 to 16,777,216. Fixed when the cluster is made: segments must be alike on every replica.
    /// </summary>
    public uint EventsPerSegment { get; init; } = DefaultEventsPerSegment;

    /// <summary>Most bytes that wait for the writer; past it Append waits. 64 KiB to 1 GiB.</summary>
    public int MaxBufferedBytes { get; init; } = 8 << 20;

    /// <summary>
    /// Longest time between a write and its fdatasync. The log is derived from the replicated log, which keeps what is not on disk here,
    /// so syncing late costs no event; syncing often would cost the replicated log its disk.
    /// </summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Unsynced bytes that bring the sync forward.</summary>
    public long SyncBytes { get; init; } = 32 << 20;

    /// <summary>Shortest time between two writes under load: readers lag by at most this much.</summary>
    public TimeSpan WriteInterval { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Says which option is out of its range; null when none is.</summary>
    public string? Check()
    {
        if (EventsPerSegment is < 64 or > 1 << 24) return $"EventsPerSegment: {EventsPerSegment} is not between 64 and 16777216";
        if (MaxBufferedBytes is < 64 << 10 or > 1 << 30) return $"MaxBufferedBytes: {MaxBufferedBytes} is not between 65536 and 1073741824";
        if (SyncInterval < TimeSpan.Zero || SyncInterval > TimeSpan.FromMinutes(1))
            return $"SyncInterval: {SyncInterval} is not between 0 and 1 minute";
        return WriteInterval < TimeSpan.Zero
            || WriteInterval > TimeSpan.FromSeconds(1) ? $"WriteInterval: {WriteInterval} is not between 0 and 1 second" : null;
    }
}
