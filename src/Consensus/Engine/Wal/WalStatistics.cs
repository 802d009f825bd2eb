namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Counters of the log's writes, for metrics; read from any thread.</summary>
public sealed class WalStatistics
{
    private long _syncs;
    private long _bytes;

    public long Syncs => Volatile.Read(ref _syncs);
    public long BytesWritten => Volatile.Read(ref _bytes);

    internal void Wrote(int bytes)
    {
        Volatile.Write(ref _syncs, _syncs + 1); // one writer
        Volatile.Write(ref _bytes, _bytes + bytes);
    }
}
