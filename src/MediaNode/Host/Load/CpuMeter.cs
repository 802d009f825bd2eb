namespace VideoScale.MediaNode.Host.Load;

/// <summary>CPU in thousandths of all cores and its slope over the last minute, from samples of the process's CPU time.</summary>
public sealed class CpuMeter(int cores)
{
    private const long WindowMs = 60_000;
    private const long SmoothMs = 3_000; // one heartbeat alone is too coarse: 10 ms ticks in 1 s

    private readonly Queue<(long AtMs, long CpuMs)> _recent = new();
    private readonly Queue<(long AtMs, int Permille)> _minute = new();

    public int Permille { get; private set; }

    /// <summary>Least-squares slope of <see cref="Permille"/> over the last minute; 0 until there are ten seconds of samples.</summary>
    public int SlopePermillePerMinute { get; private set; }

    public void Sample(long atMs, long cpuMs)
    {
        _recent.Enqueue((atMs, cpuMs));
        while (_recent.Count > 2 && atMs - _recent.Peek().AtMs > SmoothMs) _recent.Dequeue();
        var first = _recent.Peek();
        if (atMs <= first.AtMs) return; // one sample says nothing yet
        Permille = (int)Math.Clamp((cpuMs - first.CpuMs) * 1000 / ((atMs - first.AtMs) * cores), 0, 1000);
        _minute.Enqueue((atMs, Permille));
        while (atMs - _minute.Peek().AtMs > WindowMs) _minute.Dequeue();
        SlopePermillePerMinute = Slope();
    }

    private int Slope()
    {
        var start = _minute.Peek().AtMs;
        double n = _minute.Count, sumX = 0, sumY = 0, sumXx = 0, sumXy = 0, last = 0;
        foreach (var (atMs, permille) in _minute)
        {
            last = (atMs - start) / (double)WindowMs;
            sumX += last; sumY += permille; sumXx += last * last; sumXy += last * permille;
        }
        var spread = n * sumXx - sumX * sumX;
        return last < 10_000.0 / WindowMs || spread <= 0 ? 0 : (int)Math.Round((n * sumXy - sumX * sumY) / spread);
    }
}
