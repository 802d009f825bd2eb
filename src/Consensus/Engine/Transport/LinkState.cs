namespace VideoScale.Consensus.Engine.Transport;

/// <summary>What was said of the link to one member: which lines are worth writing.</summary>
internal sealed class LinkState
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly HashSet<Channel> _broken = [];
    private readonly HashSet<string> _saidOfThisOutage = new(StringComparer.Ordinal);
    private long? _saidAt;
    private int _breaks;
    private bool _mendingUnsaid;

    /// <returns>How often connections broke since the last line, when a line is due now; else null.</returns>
    internal int? Broke(Channel channel, string reason, long now, TimeProvider clock)
    {
        lock (_gate)
        {
            if (_broken.Count == 0) _saidOfThisOutage.Clear();
            if (_broken.Add(channel)) _breaks++; // a further try that fails is no further break
            if (_saidOfThisOutage.Contains(reason)) return null;
            if (_saidAt is { } saidAt && clock.GetElapsedTime(saidAt, now) < Pause) return null; // said at a later try, if it still holds
            _saidOfThisOutage.Add(reason);
            _saidAt = now;
            _mendingUnsaid = true;
            (var breaks, _breaks) = (_breaks, 0);
            return breaks;
        }
    }

    /// <returns>The last broken connection stands again, and that it broke was said.</returns>
    internal bool Mended(Channel channel)
    {
        lock (_gate)
        {
            if (!_broken.Remove(channel) || _broken.Count > 0 || !_mendingUnsaid) return false;
            _mendingUnsaid = false;
            return true;
        }
    }
}
