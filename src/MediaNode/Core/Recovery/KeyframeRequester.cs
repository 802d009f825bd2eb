namespace VideoScale.MediaNode.Recovery;

/// <summary>Asks the publisher of one layer for key frames, never oftener than the throttle, however many subscribers wait.</summary>
public struct KeyframeRequester
{
    /// <summary>Key frames are many times larger than others; each costs every subscriber (LiveKit and mediasoup: 500 ms to 1 s).</summary>
    public const long ThrottleUs = 500_000;
    /// <summary>How long a subscriber waits before it asks again.</summary>
    public const long WaitUs = 1_000_000;

    private bool _wanted;
    private bool _asked;
    private long _askedUs;

    public void Want() => _wanted = true;

    /// <summary>A key frame came: who waited is served.</summary>
    public void Arrived() => _wanted = false;

    /// <summary>True when a request is to be sent now.</summary>
    public bool TakeDue(long nowUs)
    {
        if (!_wanted || (_asked && nowUs - _askedUs < ThrottleUs)) return false;
        _wanted = false;
        _asked = true;
        _askedUs = nowUs;
        return true;
    }
}
