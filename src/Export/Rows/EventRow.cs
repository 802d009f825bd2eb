using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Schema;

namespace VideoScale.Export.Rows;

/// <summary>An event as its rows in mt_events and vs_ledger say it.</summary>
internal sealed record EventRow
{
    internal required long Seq { get; init; }
    internal required Guid Id { get; init; }
    internal required string Stream { get; init; }
    internal required long Version { get; init; }
    internal required string Data { get; init; }
    internal required string Type { get; init; }

    /// <summary>Log time; always written, since the column's default is the same for a whole transaction.</summary>
    internal required DateTime Timestamp { get; init; }
    internal required string? CorrelationId { get; init; }
    internal required string? CausationId { get; init; }
    internal required string Headers { get; init; }
    internal required string? UserName { get; init; }

    internal required long RaftIndex { get; init; }
    internal required long RaftTerm { get; init; }
    internal required Hash256 Leaf { get; init; }
    internal required Hash256 Chain { get; init; }

    /// <summary>The canonical bytes, with the leaf's prefix: what is hashed.</summary>
    internal required byte[] Record { get; init; }

    /// <summary>Encodes and hashes events that follow each other anew, and compares with the log's own chain.</summary>
    /// <param name="previous">The chain before the first of them.</param>
    /// <exception cref="ExportException">The log does not hold together, or a newer program wrote it.</exception>
    internal static IReadOnlyList<EventRow> Of(IReadOnlyList<EventEnvelope> events, Hash256 previous)
    {
        var rows = new EventRow[events.Count];
        using var writer = new CanonicalWriter();
        for (var i = 0; i < rows.Length; i++)
        {
            writer.Reset();
            EventMapping.WriteRecord(writer, events[i]);
            rows[i] = Of(events[i], writer.ToArray(), previous);
            if (rows[i].Chain != events[i].Chain)
                throw new ExportException(ExportProblem.Permanent,
                    $"event {events[i].EventSeq} does not hash to the chain that the log holds for it", events[i].EventSeq);
            previous = rows[i].Chain;
        }
        return rows;
    }

    internal static EventRow Of(EventEnvelope e, byte[] record, Hash256 previous)
    {
        var happened = EventMapping.Decode(e)
            ?? throw new ExportException(ExportProblem.Permanent, $"event {e.EventSeq}, {e.Type}, was written by a newer program",
                e.EventSeq);
        var leaf = EventHashes.Leaf(record);
        return new EventRow
        {
            Seq = checked((long)e.EventSeq),
            Id = IdOf(e.EventId),
            Stream = StorableText.Of(e.Stream),
            Version = checked((long)e.StreamVersion),
            Data = StorableText.OfJson(happened.ToJson()),
            Type = ExportStore.NameOf(e.Type),
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(e.OccurredAt.UnixMs).UtcDateTime,
            CorrelationId = e.CorrelationId.Length > 0 ? StorableText.Of(e.CorrelationId) : null,
            CausationId = e.CausationSeq > 0 ? e.CausationId.ToString() : null,
            Headers = StorableText.OfJson(JsonFieldSink.Render(sink => Describe(e, sink))),
            UserName = e.ActorSubject.Length > 0 ? StorableText.Of(e.ActorSubject) : null,
            RaftIndex = checked((long)e.RaftIndex),
            RaftTerm = checked((long)e.RaftTerm),
            Leaf = leaf,
            Chain = EventHashes.Chain(previous, leaf),
            Record = record,
        };
    }

    /// <summary>The same 32 digits as <see cref="EventId.ToString"/>, with hyphens.</summary>
    private static Guid IdOf(EventId id)
    {
        Span<byte> bytes = stackalloc byte[EventId.SizeBytes];
        id.CopyTo(bytes);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>What the envelope says and Marten has no column for.</summary>
    private static void Describe(EventEnvelope e, FieldSink sink)
    {
        sink.Number("schema_version", e.SchemaVersion);
        sink.Number("raft_index", e.RaftIndex);
        sink.Number("raft_term", e.RaftTerm);
        sink.Number("ordinal_in_entry", e.OrdinalInEntry);
        sink.Text("actor_kind", e.ActorKind);
        sink.Text("actor_auth_method", e.ActorAuthMethod);
        sink.Text("tenant", e.Tenant);
        sink.Number("causation_seq", e.CausationSeq);
        sink.Text("command_id", e.CommandId);
        sink.Text("traceparent", e.Traceparent);
        sink.Number("policy_version", e.PolicyVersion);
    }
}
