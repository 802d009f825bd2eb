using VideoScale.ControlPlane.Canonical;

namespace VideoScale.ControlPlane.Events;

/// <summary>Reads the payload's fields in the order in which <see cref="DomainEvent.Describe"/> names them.</summary>
public delegate DomainEvent EventReader(ref CanonicalReader reader);

/// <summary>
/// One type of event: its number, and how its payload is read. Declared in the event's record, beside what writes and tells it.
/// </summary>
public sealed class EventShape(EventType type, EventReader read)
{
    public EventType Type { get; } = type;
    public EventReader Read { get; } = read;
}
