namespace VideoScale.MediaNode.Quality;

/// <summary>Frames as they pass: rate, sizes, and gaps that a viewer sees as a freeze.</summary>
public struct FrameQuality
{
    /// <summary>W3C webrtc-stats, freezeCount: a gap longer than max(3 × average, average + 150 ms), the average over 30 frames.</summary>
    private const long FreezeMarginUs = 150_000;
    private const int AverageFrames = 30;

    private bool _started;
    private uint _timestamp;
    private long _lastUs;
    private long _averageUs;
    private int _frames;
    private long _windowUs;
    private int _windowFrames;

    public long Frames { get; private set; }
    public long KeyFrames { get; private set; }
    public long Freezes { get; private set; }
    public long FrozenUs { get; private set; }
    public double FramesPerSecond { get; private set; }
    public int Width { get; private set; }
    public int Height { get; private set; }
    public int ResolutionChanges { get; private set; }

    /// <summary>Notes a packet; the first with a new timestamp is a frame.</summary>
    public void OnPacket(uint timestamp, bool keyFrame, int width, int height, long nowUs)
    {
        if (width > 0) OnSize(width, height);
        if (_started && unchecked((int)(timestamp - _timestamp)) <= 0) return;
        if (_started) OnGap(nowUs - _lastUs);
        else _windowUs = nowUs;
        _started = true;
        _timestamp = timestamp;
        _lastUs = nowUs;
        Frames++;
        if (keyFrame) KeyFrames++;
        _windowFrames++;
        if (nowUs - _windowUs < 1_000_000) return;
        FramesPerSecond = _windowFrames * 1e6 / (nowUs - _windowUs);
        _windowUs = nowUs;
        _windowFrames = 0;
    }

    /// <summary>The stream was stopped on purpose: the pause is no freeze.</summary>
    public void Pause()
    {
        _started = false;
        _frames = 0;
        _windowFrames = 0;
    }

    private void OnSize(int width, int height)
    {
        if (Width != 0 && (width != Width || height != Height)) ResolutionChanges++;
        Width = width;
        Height = height;
    }

    private void OnGap(long gapUs)
    {
        if (_frames >= 5 && gapUs > Math.Max(3 * _averageUs, _averageUs + FreezeMarginUs))
        {
            Freezes++;
            FrozenUs += gapUs;
            return; // a freeze says nothing of the usual pace
        }
        _frames = Math.Min(_frames + 1, AverageFrames);
        _averageUs += (gapUs - _averageUs) / _frames;
    }
}
