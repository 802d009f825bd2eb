namespace VideoScale.Consensus.Etcd.Rules;

/// <summary>How far back the last so many bytes of log reach: what stays when the log is compacted, so that who was away shortly needs no
/// snapshot.</summary>
internal sealed class LogTail(long bytes)
{
    private readonly Queue<(ulong Index, int Bytes)> _entries = new();
    private long _sum;

    internal void Add(ulong index, int size)
    {
        _entries.Enqueue((index, size));
        _sum += size;
        while (_sum > bytes && _entries.Count > 1) _sum -= _entries.Dequeue().Bytes;
    }

    internal void Clear()
    {
        _entries.Clear();
        _sum = 0;
    }

    /// <summary>The first entry of the tail; null when nothing is known.</summary>
    internal ulong? First => _entries.TryPeek(out var first) ? first.Index : null;
}
