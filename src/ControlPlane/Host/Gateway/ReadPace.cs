namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>How fast a client's requests are read: one that floods waits for itself, in its own socket's buffers, and costs the others nothing.</summary>
internal sealed class ReadPace
{
    /// <summary>Offers, the largest metadata and attributes a few times over.</summary>
    internal const int BurstBytes = 8 << 20;
    internal const int BytesPerSecond = 512 * 1024;

    private long _left = BurstBytes;
    private long _atMs;

    /// <summary>How long to wait before the next request is read.</summary>
    /// <param name="bytes">Of the request that was read.</param>
    /// <param name="nowMs">Milliseconds of any clock that does not go back.</param>
    internal TimeSpan Read(int bytes, long nowMs)
    {
        _left = Math.Min(BurstBytes, _left + Math.Max(0, nowMs - _atMs) * BytesPerSecond / 1000) - bytes;
        _atMs = nowMs;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(-_left * 1000 / BytesPerSecond);
    }
}
