namespace VideoScale.Model;

/// <summary>
/// A token bucket of bytes: so much at once, then so much a second. It may be taken below nothing, so that what is larger than it passes
/// too.
/// </summary>
/// <remarks>Without a clock: milliseconds are of any clock that does not go back.</remarks>
public sealed class ByteBucket(int burstBytes, int bytesPerSecond)
{
    private long _left = burstBytes;
    private long _atMs;

    /// <summary>What is left; below 0 it is owed.</summary>
    public long LeftAt(long nowMs)
    {
        _left = Math.Min(burstBytes, _left + Math.Max(0, nowMs - _atMs) * bytesPerSecond / 1000);
        _atMs = nowMs;
        return _left;
    }

    /// <summary>Takes so much at that time.</summary>
    /// <returns>How long until nothing is owed.</returns>
    public TimeSpan Take(int bytes, long nowMs)
    {
        _left = LeftAt(nowMs) - bytes;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(-_left * 1000 / bytesPerSecond);
    }
}
