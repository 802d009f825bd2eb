using VideoScale.ControlPlane.Events;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Commands;

/// <param name="Cause">The event that caused this one; none when the command itself did.</param>
public readonly record struct DecidedEvent(DomainEvent Event, EventRef Cause);

/// <summary>
/// What a command comes to: events, or a refusal (which may have events too: a denied admission is recorded), and the answer.
/// </summary>
public sealed class Decision
{
    private static readonly IReadOnlyList<DecidedEvent> NoEvents = [];

    private Decision(IReadOnlyList<DecidedEvent> events, Failure? failure, CommandOutcome outcome)
    {
        Events = events;
        Failure = failure;
        Outcome = outcome;
    }

    public IReadOnlyList<DecidedEvent> Events { get; }
    public Failure? Failure { get; }
    public CommandOutcome Outcome { get; }

    /// <summary>A repeat: nothing to record, the answer stands.</summary>
    public static Decision Nothing(CommandOutcome? outcome = null) => new(NoEvents, null, outcome ?? CommandOutcome.Empty);
    public static Decision Refused(Failure failure) => new(NoEvents, failure, CommandOutcome.Empty);
    public static Decision RefusedAndRecorded(Failure failure, DecidedEvents events) => new(events.List, failure, CommandOutcome.Empty);
    public static Decision Of(DecidedEvents events, CommandOutcome? outcome = null) =>
        new(events.List, null, outcome ?? CommandOutcome.Empty);
    public static implicit operator Decision(Failure failure) => Refused(failure);
}

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
