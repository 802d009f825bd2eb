namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// For what a small request makes many others do, or costs much: a few times at once, then once a tick, and then as it is by then. Nothing
/// is refused, and repeating costs no more than waiting.
/// </summary>
internal sealed class TickPace(int burst)
{
    private int _spent;

    /// <summary>Something waits to be done.</summary>
    internal bool IsDue { get; private set; }

    /// <summary>Whether it may be done now; else it is due at the next tick.</summary>
    internal bool Take()
    {
        IsDue = _spent == burst;
        if (!IsDue) _spent++;
        return !IsDue;
    }

    /// <summary>At the next tick is soon enough.</summary>
    internal void Defer() => IsDue = true;

    /// <summary>Twice a second.</summary>
    /// <returns>Whether something is due, which may be done now.</returns>
    internal bool Tick()
    {
        if (_spent > 0) _spent--;
        var wasDue = IsDue;
        IsDue = false;
        return wasDue;
    }
}
