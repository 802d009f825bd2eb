using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// An event as the state machine hands it over, before it has a number. Everything in it comes from the log entry or the decider.
/// </summary>
public readonly ref struct EventDraft
{
    /// <summary>Index of the entry that caused it.</summary>
    public required ulong RaftIndex { get; init; }
    public required ulong RaftTerm { get; init; }
    /// <summary>Position among the events of the entry, from 0.</summary>
    public required uint OrdinalInEntry { get; init; }
    /// <summary>E.g. "room-standup", "node-media-0", "cluster".</summary>
    public required ReadOnlySpan<char> Stream { get; init; }
    /// <summary>E.g. "RoomCreated".</summary>
    public required ReadOnlySpan<char> Type { get; init; }
    public required uint SchemaVersion { get; init; }
    /// <summary>Leader-stamped time of the entry.</summary>
    public required LogTime OccurredAt { get; init; }
    /// <summary>Who caused it: the name of an API token, a node id, or a leader loop.</summary>
    public required ReadOnlySpan<char> ActorSubject { get; init; }
    /// <summary>The word of an <c>ActorKind</c>.</summary>
    public required ReadOnlySpan<char> ActorKind { get; init; }
    /// <summary>The word of an <c>ActorAuthMethod</c>.</summary>
    public required ReadOnlySpan<char> ActorAuthMethod { get; init; }
    /// <summary>"default" until there are others.</summary>
    public required ReadOnlySpan<char> Tenant { get; init; }
    /// <summary>Ties together what one outside request caused.</summary>
    public ReadOnlySpan<char> CorrelationId { get; init; }
    /// <summary>The event that caused this one; none when an outside command did.</summary>
    public EventId CausationId { get; init; }
    /// <summary>event_seq of that event, so that causes are found without an index by id; 0 when there is none.</summary>
    public ulong CausationSeq { get; init; }
    /// <summary>request_id of the outside command; empty for loops.</summary>
    public ReadOnlySpan<char> CommandId { get; init; }
    /// <summary>W3C trace context of the request; may be empty.</summary>
    public ReadOnlySpan<char> Traceparent { get; init; }
    /// <summary>Version of the policy that decided; 0 when none did.</summary>
    public uint PolicyVersion { get; init; }
    /// <summary>The event in its canonical encoding.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>What an event got when it was given its place.</summary>
public readonly record struct SequencedEvent(ulong EventSeq, EventId EventId, ulong StreamVersion, LogTime OccurredAt);
