using System.Diagnostics;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Counters of the log's writes, for metrics; read from any thread.</summary>
public sealed class WalStatistics
{
    private long _syncs;
    private long _bytes;
    private long _syncTicks;

    public long Syncs => Volatile.Read(ref _syncs);
    public long BytesWritten => Volatile.Read(ref _bytes);

    /// <summary>Time spent in write and sync, summed.</summary>
    public TimeSpan SyncTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _syncTicks));

    internal void Wrote(int bytes, long ticks)
    {
        Volatile.Write(ref _syncs, _syncs + 1); // one writer
        Volatile.Write(ref _bytes, _bytes + bytes);
        Volatile.Write(ref _syncTicks, _syncTicks + ticks);
    }
}
