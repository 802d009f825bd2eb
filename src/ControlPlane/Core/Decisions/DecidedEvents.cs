using VideoScale.ControlPlane.Events;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>
/// Collects a decision's events; each gets the reference it will have in the log, so that later ones can name it as their cause.
/// </summary>
public sealed class DecidedEvents(EntryContext entry)
{
    private readonly List<DecidedEvent> _events = [];

    public IReadOnlyList<DecidedEvent> List => _events;
    public int Count => _events.Count;

    /// <summary>event_seq the next event will have.</summary>
    public ulong NextSeq => entry.NextEventSeq + (ulong)_events.Count;

    /// <returns>The reference of the event just added.</returns>
    public EventRef Add(DomainEvent happened, EventRef cause = default)
    {
        var self = entry.RefOf(_events.Count);
        _events.Add(new(happened, cause));
        return self;
    }
}
