using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>The canonical encoding of an event with its envelope: what is stored and what is hashed, byte for byte.</summary>
public static class EventRecord
{
    public const byte EncodingVersion = 1;

    /// <summary>Largest record, prefix included. The log's own bound on an entry is far below it.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Writes a record with its leaf prefix in front.</summary>
    public static void Write(CanonicalWriter writer, in EventDraft draft, in SequencedEvent place)
    {
        Span<byte> id = stackalloc byte[EventId.SizeBytes];
        writer.WriteByte(EventHashes.LeafPrefix);
        writer.WriteByte(EncodingVersion);
        writer.WriteUInt64(place.EventSeq);
        writer.WriteUInt64(draft.RaftIndex);
        writer.WriteUInt64(draft.RaftTerm);
        writer.WriteUInt32(draft.OrdinalInEntry);
        place.EventId.CopyTo(id);
        writer.WriteRaw(id);
        writer.WriteString(draft.Stream);
        writer.WriteUInt64(place.StreamVersion);
        writer.WriteString(draft.Type);
        writer.WriteUInt32(draft.SchemaVersion);
        writer.WriteInt64(place.OccurredAt.UnixMs);
        writer.WriteString(draft.ActorSubject);
        writer.WriteString(draft.ActorKind);
        writer.WriteString(draft.ActorAuthMethod);
        writer.WriteString(draft.Tenant);
        writer.WriteString(draft.CorrelationId);
        writer.WriteUInt64(draft.CausationSeq);
        if (draft.CausationSeq != 0)
        {
            draft.CausationId.CopyTo(id);
            writer.WriteRaw(id);
        }
        writer.WriteString(draft.CommandId);
        writer.WriteString(draft.Traceparent);
        writer.WriteUInt32(draft.PolicyVersion);
        writer.WriteBytes(draft.Payload);
        Invariant.Require(writer.Length <= MaxBytes, "an event record fits in its bound");
    }
}
