using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Events;

/// <summary>A fact of the log. Domain state is exactly the fold of these.</summary>
public abstract record DomainEvent
{
    public abstract EventType Type { get; }

    /// <summary>Version of the payload's shape; a new shape keeps the old one readable.</summary>
    public virtual uint SchemaVersion => 1;

    /// <summary>E.g. <c>room-standup</c>, <c>node-media-0</c>, <c>drain-media-0</c>, <c>cluster</c>.</summary>
    public abstract string Stream { get; }

    /// <summary>Version of the policy that decided; 0 when none did.</summary>
    public virtual uint PolicyVersion => 0;

    /// <summary>Names the payload's fields in their fixed order; <see cref="EventShape.Read"/> reads them back.</summary>
    public abstract void Describe(FieldSink sink);

    /// <summary>One line of plain words, for <c>why</c>.</summary>
    public abstract string Words { get; }

    public string ToJson() => JsonFieldSink.Render(Describe);
}
