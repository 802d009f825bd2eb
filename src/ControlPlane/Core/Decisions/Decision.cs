using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <param name="Cause">The event that caused this one; none when the command itself did.</param>
public readonly record struct DecidedEvent(DomainEvent Event, EventRef Cause);

/// <summary>
/// What a command comes to: events, or a refusal (which may have events too: a denied admission is recorded), and the answer.
/// </summary>
public sealed class Decision
{
    private readonly DecidedEvents? _events;

    private Decision(DecidedEvents? events, Failure? failure, CommandOutcome outcome)
    {
        _events = events;
        Failure = failure;
        Outcome = outcome;
    }

    public ReadOnlySpan<DecidedEvent> Events => _events is null ? [] : _events.Span;
    public Failure? Failure { get; }
    public CommandOutcome Outcome { get; }

    /// <summary>A repeat: nothing to record, the answer stands.</summary>
    public static Decision Nothing(CommandOutcome? outcome = null) => new(null, null, outcome ?? CommandOutcome.Empty);
    public static Decision Refused(Failure failure) => new(null, failure, CommandOutcome.Empty);
    public static Decision RefusedAndRecorded(Failure failure, DecidedEvents events) => new(events, failure, CommandOutcome.Empty);
    public static Decision Of(DecidedEvents events, CommandOutcome? outcome = null) =>
        new(events, null, outcome ?? CommandOutcome.Empty);
    public static implicit operator Decision(Failure failure) => Refused(failure);
}
