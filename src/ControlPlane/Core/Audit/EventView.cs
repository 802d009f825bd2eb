using System.Text;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>An event read in place: strings stay UTF-8 bytes of the record. Lives as long as the bytes it was read from.</summary>
public readonly ref struct EventView
{
    public ulong EventSeq { get; private init; }
    public ulong RaftIndex { get; private init; }
    public ulong RaftTerm { get; private init; }
    public uint OrdinalInEntry { get; private init; }
    public EventId EventId { get; private init; }
    public ReadOnlySpan<byte> Stream { get; private init; }
    public ulong StreamVersion { get; private init; }
    public ReadOnlySpan<byte> Type { get; private init; }
    public uint SchemaVersion { get; private init; }
    public LogTime OccurredAt { get; private init; }
    public ReadOnlySpan<byte> ActorSubject { get; private init; }
    public ReadOnlySpan<byte> ActorKind { get; private init; }
    public ReadOnlySpan<byte> ActorAuthMethod { get; private init; }
    public ReadOnlySpan<byte> Tenant { get; private init; }
    public ReadOnlySpan<byte> CorrelationId { get; private init; }
    public ulong CausationSeq { get; private init; }
    public EventId CausationId { get; private init; }
    public ReadOnlySpan<byte> CommandId { get; private init; }
    public ReadOnlySpan<byte> Traceparent { get; private init; }
    public uint PolicyVersion { get; private init; }
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>
    /// Reads a record with its leaf prefix. Strings are bounded by the record but not checked to be UTF-8: the record's checksum vouches
    /// for what the writer checked.
    /// </summary>
    public static EventView Read(ReadOnlySpan<byte> record)
    {
        var reader = new CanonicalReader(record);
        if (reader.ReadByte() != EventHashes.LeafPrefix) throw new CanonicalException("an event record begins with the leaf prefix 0");
        if (reader.ReadByte() is var version && version != EventRecord.EncodingVersion)
            throw new CanonicalException($"event encoding {version}; this program reads {EventRecord.EncodingVersion}");
        ulong causationSeq;
        var view = new EventView
        {
            EventSeq = reader.ReadUInt64(),
            RaftIndex = reader.ReadUInt64(),
            RaftTerm = reader.ReadUInt64(),
            OrdinalInEntry = reader.ReadUInt32(),
            EventId = EventId.FromBytes(reader.ReadRaw(EventId.SizeBytes)),
            Stream = reader.ReadBytes(),
            StreamVersion = reader.ReadUInt64(),
            Type = reader.ReadBytes(),
            SchemaVersion = reader.ReadUInt32(),
            OccurredAt = new(reader.ReadInt64()),
            ActorSubject = reader.ReadBytes(),
            ActorKind = reader.ReadBytes(),
            ActorAuthMethod = reader.ReadBytes(),
            Tenant = reader.ReadBytes(),
            CorrelationId = reader.ReadBytes(),
            CausationSeq = causationSeq = reader.ReadUInt64(),
            CausationId = causationSeq != 0 ? EventId.FromBytes(reader.ReadRaw(EventId.SizeBytes)) : EventId.None,
            CommandId = reader.ReadBytes(),
            Traceparent = reader.ReadBytes(),
            PolicyVersion = reader.ReadUInt32(),
            Payload = reader.ReadBytes(EventRecord.MaxBytes),
        };
        reader.End();
        return view;
    }

    public EventEnvelope ToEnvelope(in Hash256 chain) => new()
    {
        EventSeq = EventSeq,
        RaftIndex = RaftIndex,
        RaftTerm = RaftTerm,
        OrdinalInEntry = OrdinalInEntry,
        EventId = EventId,
        Stream = Encoding.UTF8.GetString(Stream),
        StreamVersion = StreamVersion,
        Type = Encoding.UTF8.GetString(Type),
        SchemaVersion = SchemaVersion,
        OccurredAt = OccurredAt,
        ActorSubject = Encoding.UTF8.GetString(ActorSubject),
        ActorKind = Encoding.UTF8.GetString(ActorKind),
        ActorAuthMethod = Encoding.UTF8.GetString(ActorAuthMethod),
        Tenant = Encoding.UTF8.GetString(Tenant),
        CorrelationId = Encoding.UTF8.GetString(CorrelationId),
        CausationId = CausationId,
        CausationSeq = CausationSeq,
        CommandId = Encoding.UTF8.GetString(CommandId),
        Traceparent = Encoding.UTF8.GetString(Traceparent),
        PolicyVersion = PolicyVersion,
        Payload = Payload.ToArray(),
        Chain = chain,
    };
}
