namespace VideoScale.ControlPlane.Scaling;

/// <summary>
/// What a scaler remembers of a pool between rounds: how the need went, and how many nodes were wanted. In memory of the leader alone: a
/// new leader has none, and so lets no node leave before it has watched for as long as a smaller need has to last.
/// </summary>
public sealed class ScalingMemory
{
    /// <summary>The trend is that of so long.</summary>
    private const long TrendMs = 120_000;
    /// <summary>A trend of less is none.</summary>
    private const long ShortestTrendMs = 20_000;
    private readonly Queue<(long AtMs, uint MilliNodes)> _needs = new();
    private readonly Queue<(long AtMs, uint Desired)> _wanted = new();
    private long _sinceMs = -1;

    public void Note(long nowMs, uint needMilliNodes)
    {
        if (_sinceMs < 0) _sinceMs = nowMs;
        _needs.Enqueue((nowMs, needMilliNodes));
        while (nowMs - _needs.Peek().AtMs > TrendMs) _needs.Dequeue();
    }

    public void Wanted(long nowMs, uint desired, long holdMs)
    {
        _wanted.Enqueue((nowMs, desired));
        while (nowMs - _wanted.Peek().AtMs > holdMs) _wanted.Dequeue();
    }

    /// <summary>It watches for as long as a smaller need has to last.</summary>
    public bool HasWatched(long nowMs, long holdMs) => _sinceMs >= 0 && nowMs - _sinceMs >= holdMs;

    /// <summary>What is known is too old to go by: it begins to watch anew.</summary>
    public void Forget()
    {
        _sinceMs = -1;
        _needs.Clear();
        _wanted.Clear();
    }

    /// <summary>The most nodes wanted within the hold.</summary>
    public uint MostWanted => _wanted.Count == 0 ? 0 : _wanted.Max(each => each.Desired);

    /// <summary>
    /// What is needed after so long when it goes on as it went: least squares; never less than now, and at most half more than now and one
    /// node.
    /// </summary>
    public uint Forecast(uint now, long aheadMs)
    {
        if (_needs.Count < 3) return now;
        var (first, count) = (_needs.Peek().AtMs, _needs.Count);
        double sumX = 0, sumY = 0, sumXY = 0, sumXX = 0, last = 0;
        foreach (var (atMs, need) in _needs)
        {
            double x = atMs - first;
            (sumX, sumY, sumXY, sumXX, last) = (sumX + x, sumY + need, sumXY + x * need, sumXX + x * x, x);
        }
        var spread = count * sumXX - sumX * sumX;
        if (last < ShortestTrendMs || spread <= 0) return now;
        var slope = (count * sumXY - sumX * sumY) / spread;
        if (slope <= 0) return now;
        return (uint)Math.Min(now + slope * aheadMs, now * 1.5 + 1000);
    }
}
