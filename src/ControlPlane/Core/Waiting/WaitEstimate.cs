namespace VideoScale.ControlPlane.Waiting;

/// <summary>
/// How long a room will wait for a node: by how fast those before it were served lately, and by when what is being launched is expected.
/// In memory, fed with what is applied; times are log time in milliseconds.
/// </summary>
public sealed class WaitEstimate
{
    /// <summary>What was served earlier says nothing about now.</summary>
    private const long WatchedMs = 5 * 60_000;
    private const int MostServed = 64, FewestServed = 3;
    private const long UnknownMs = 15_000, ShortestMs = 1_000, LongestMs = 5 * 60_000;
    /// <summary>Until one was seen to come.</summary>
    private const long FirstBootMs = 60_000;

    private readonly Queue<long> _served = new();
    private long _bootMs = FirstBootMs;

    /// <summary>A room that waited got a node.</summary>
    public void Served(long nowMs)
    {
        if (_served.Count == MostServed) _served.Dequeue();
        _served.Enqueue(nowMs);
    }

    /// <summary>What was launched has registered.</summary>
    public void Booted(long tookMs) => _bootMs = Math.Max(0, tookMs);

    /// <summary>When what was asked for then is expected to take rooms.</summary>
    public long ExpectedAtMs(long requestedAtMs) => requestedAtMs + _bootMs;

    /// <param name="position">1 for the next to be served.</param>
    /// <param name="capacityAtMs">When more nodes are expected; null when none is on its way.</param>
    public long Of(int position, long nowMs, long? capacityAtMs)
    {
        while (_served.TryPeek(out var oldest) && nowMs - oldest > WatchedMs) _served.Dequeue();
        long? byPace = _served.Count < FewestServed ? null : (nowMs - _served.Peek()) / _served.Count * position;
        long? byLaunch = capacityAtMs is { } at ? at - nowMs : null;
        var soonest = (byPace, byLaunch) switch
        {
            ({ } pace, { } launch) => Math.Min(pace, Math.Max(launch, 0)),
            _ => byPace ?? byLaunch ?? UnknownMs,
        };
        return Math.Clamp(soonest, ShortestMs, LongestMs);
    }
}
