using VideoScale.ControlPlane.Events;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>
/// Collects a decision's events; each gets the reference it will have in the log, so that later ones can name it as their cause.
/// </summary>
public sealed class DecidedEvents(EntryContext entry)
{
    private DecidedEvent[] _events = new DecidedEvent[1]; // most commands come to one

    public ReadOnlySpan<DecidedEvent> Span => _events.AsSpan(0, Count);
    public int Count { get; private set; }

    /// <summary>event_seq the next event will have.</summary>
    public ulong NextSeq => entry.NextEventSeq + (ulong)Count;

    /// <returns>The reference of the event just added.</returns>
    public EventRef Add(DomainEvent happened, EventRef cause = default)
    {
        var self = entry.RefOf(Count);
        if (Count == _events.Length) Array.Resize(ref _events, 4 * Count); // a room that is created and placed comes to three
        _events[Count++] = new(happened, cause);
        return self;
    }
}
