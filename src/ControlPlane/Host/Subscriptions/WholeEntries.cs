using VideoScale.ControlPlane.Audit;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>
/// Gathers events so that those of one log entry stay together: whoever reads what is written sees a command's events or none.
/// </summary>
/// <param name="mostEvents">A batch ends with the first entry that reaches it.</param>
public sealed class WholeEntries(int mostEvents)
{
    private readonly List<EventEnvelope> _held = [];

    /// <summary>Events that were not taken yet: their entry may go on.</summary>
    public int Held => _held.Count;

    /// <summary>Of those; null when none is held.</summary>
    public EventEnvelope? Last => _held.Count > 0 ? _held[^1] : null;

    /// <returns>True when a batch is full: this event is the first one of the entry after it.</returns>
    public bool Add(EventEnvelope next)
    {
        ArgumentNullException.ThrowIfNull(next);
        _held.Add(next);
        return _held.Count > mostEvents && next.RaftIndex != _held[^2].RaftIndex;
    }

    /// <param name="isLastWhole">All events of the last one's entry are here.</param>
    /// <returns>None when no whole entry is there yet.</returns>
    public IReadOnlyList<EventEnvelope> Take(bool isLastWhole)
    {
        var count = isLastWhole || Last is not { } last ? _held.Count : _held.FindLastIndex(e => e.RaftIndex != last.RaftIndex) + 1;
        var taken = _held.GetRange(0, count);
        _held.RemoveRange(0, count);
        return taken;
    }
}
