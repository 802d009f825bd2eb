using Google.Protobuf;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Events;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>Events as they go over the wire.</summary>
public static class EventMapping
{
    public static Event ToWire(EventEnvelope e) => new()
    {
        EventSeq = e.EventSeq,
        RaftIndex = e.RaftIndex,
        RaftTerm = e.RaftTerm,
        OrdinalInEntry = e.OrdinalInEntry,
        EventId = ByteString.CopyFrom(e.EventId.ToArray()),
        Stream = e.Stream,
        StreamVersion = e.StreamVersion,
        Type = e.Type,
        SchemaVersion = e.SchemaVersion,
        OccurredAtMs = e.OccurredAt.UnixMs,
        Actor = new() { Subject = e.ActorSubject, Kind = e.ActorKind, AuthMethod = e.ActorAuthMethod },
        Tenant = e.Tenant,
        CorrelationId = e.CorrelationId,
        CausationId = e.CausationSeq == 0 ? ByteString.Empty : ByteString.CopyFrom(e.CausationId.ToArray()),
        CausationSeq = e.CausationSeq,
        CommandId = e.CommandId,
        Traceparent = e.Traceparent,
        PolicyVersion = e.PolicyVersion,
        PayloadJson = Decode(e)?.ToJson() ?? "",
        PayloadCanonical = ByteString.CopyFrom(e.Payload.Span),
        ChainHash = ByteString.CopyFrom(e.Chain.ToArray()),
    };

    /// <summary>The record an event of the wire stands for, byte for byte: what is hashed.</summary>
    public static void WriteRecord(CanonicalWriter writer, Event e) => WriteRecord(writer, FromWire(e));

    /// <summary>The record of an event, byte for byte: what is hashed.</summary>
    public static void WriteRecord(CanonicalWriter writer, EventEnvelope e)
    {
        var draft = new EventDraft
        {
            RaftIndex = e.RaftIndex,
            RaftTerm = e.RaftTerm,
            OrdinalInEntry = e.OrdinalInEntry,
            Stream = e.Stream,
            Type = e.Type,
            SchemaVersion = e.SchemaVersion,
            OccurredAt = e.OccurredAt,
            ActorSubject = e.ActorSubject,
            ActorKind = e.ActorKind,
            ActorAuthMethod = e.ActorAuthMethod,
            Tenant = e.Tenant,
            CorrelationId = e.CorrelationId,
            CausationId = e.CausationId,
            CausationSeq = e.CausationSeq,
            CommandId = e.CommandId,
            Traceparent = e.Traceparent,
            PolicyVersion = e.PolicyVersion,
            Payload = e.Payload.Span,
        };
        EventRecord.Write(writer, draft, new(e.EventSeq, e.EventId, e.StreamVersion, e.OccurredAt));
    }

    public static EventEnvelope FromWire(Event e) => new()
    {
        EventSeq = e.EventSeq,
        RaftIndex = e.RaftIndex,
        RaftTerm = e.RaftTerm,
        OrdinalInEntry = e.OrdinalInEntry,
        EventId = EventId.FromBytes(e.EventId.Span),
        Stream = e.Stream,
        StreamVersion = e.StreamVersion,
        Type = e.Type,
        SchemaVersion = e.SchemaVersion,
        OccurredAt = new(e.OccurredAtMs),
        ActorSubject = e.Actor.Subject,
        ActorKind = e.Actor.Kind,
        ActorAuthMethod = e.Actor.AuthMethod,
        Tenant = e.Tenant,
        CorrelationId = e.CorrelationId,
        CausationId = e.CausationSeq == 0 ? EventId.None : EventId.FromBytes(e.CausationId.Span),
        CausationSeq = e.CausationSeq,
        CommandId = e.CommandId,
        Traceparent = e.Traceparent,
        PolicyVersion = e.PolicyVersion,
        Payload = e.PayloadCanonical.Memory,
        Chain = e.ChainHash.Length == Hash256.SizeBytes ? new Hash256(e.ChainHash.Span) : Hash256.Zero,
    };

    /// <summary>The event itself; null when a newer program wrote it.</summary>
    public static DomainEvent? Decode(EventEnvelope e)
    {
        if (!Enum.TryParse<EventType>(e.Type, out var type)) return null;
        try { return EventCodec.Read(type, e.SchemaVersion, e.Payload.Span); }
        catch (CanonicalException) { return null; }
    }

    /// <summary>What happened, as people read it.</summary>
    public static string WordsOf(EventEnvelope e) => Decode(e)?.Words ?? $"{e.Type} (unknown to this program)";
}
