using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// An event with all it is known by, decoded for answering questions. Folds use <see cref="EventView"/>, which allocates nothing.
/// </summary>
public sealed record EventEnvelope
{
    /// <summary>Gapless number from 1, the same on every replica.</summary>
    public required ulong EventSeq { get; init; }
    public required ulong RaftIndex { get; init; }
    public required ulong RaftTerm { get; init; }
    public required uint OrdinalInEntry { get; init; }
    public required EventId EventId { get; init; }
    public required string Stream { get; init; }
    /// <summary>Gapless number in the stream, from 1.</summary>
    public required ulong StreamVersion { get; init; }
    public required string Type { get; init; }
    public required uint SchemaVersion { get; init; }
    /// <summary>Leader-stamped, never goes back.</summary>
    public required LogTime OccurredAt { get; init; }
    public required string ActorSubject { get; init; }
    public required string ActorKind { get; init; }
    public required string ActorAuthMethod { get; init; }
    public required string Tenant { get; init; }
    public required string CorrelationId { get; init; }
    public required EventId CausationId { get; init; }
    public required ulong CausationSeq { get; init; }
    public required string CommandId { get; init; }
    public required string Traceparent { get; init; }
    public required uint PolicyVersion { get; init; }
    public required ReadOnlyMemory<byte> Payload { get; init; }
    /// <summary>Chain value after this event.</summary>
    public required Hash256 Chain { get; init; }
}
