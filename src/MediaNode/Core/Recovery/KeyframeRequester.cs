namespace VideoScale.MediaNode.Recovery;

/// <summary>Asks the publisher of one layer for key frames, never oftener than the throttle, however many subscribers wait.</summary>
public struct KeyframeRequester
{
    /// <summary>Key frames are many times larger than others; each costs every subscriber (LiveKit and mediasoup: 500 ms to 1 s).</summary>
    public const long ThrottleUs = 500_000;
    /// <summary>How long a subscriber waits before it asks again.</summary>
    public const long WaitUs = 1_000_000;

    /// <summary>
    /// For somebody who has nothing to look at yet: after a move everyone comes within a second, and each would wait out the throttle of
    /// the one before.
    /// </summary>
    public const long HasteUs = 150_000;
    /// <summary>
    /// So many requests in haste at once, and one more in each <see cref="HasteAgainUs"/>: a large room that fills pays no more for it than
    /// that.
    /// </summary>
    public const int MostHaste = 4;
    public const long HasteAgainUs = 2_000_000;

    private bool _wanted;
    private bool _hurried;
    private bool _asked;
    private long _askedUs;
    private int _hasteUsed;
    private long _hasteUs;

    public void Want() => _wanted = true;

    /// <summary>For a subscriber that has had no frame at all.</summary>
    public void WantSoon() => _wanted = _hurried = true;

    /// <summary>A key frame came: who waited is served.</summary>
    public void Arrived() => _wanted = _hurried = false;

    /// <summary>True when a request is to be sent now.</summary>
    public bool TakeDue(long nowUs)
    {
        if (!_wanted) return false;
        if (_asked && nowUs - _askedUs < ThrottleUs && !TakeHaste(nowUs)) return false;
        _wanted = _hurried = false;
        _asked = true;
        _askedUs = nowUs;
        return true;
    }

    private bool TakeHaste(long nowUs)
    {
        if (!_hurried || nowUs - _askedUs < HasteUs) return false;
        var earned = (nowUs - _hasteUs) / HasteAgainUs;
        if (_hasteUsed == 0 || earned > 0) _hasteUs = nowUs;
        _hasteUsed = (int)Math.Max(0, _hasteUsed - earned);
        if (_hasteUsed >= MostHaste) return false;
        _hasteUsed++;
        return true;
    }
}
