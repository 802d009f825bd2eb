using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Catalogue;

/// <summary>Canonical bytes of event payloads: fields in order, no type in front (the envelope carries type and schema version).</summary>
public static class EventCodec
{
    public static void Write(DomainEvent happened, CanonicalWriter writer) => happened.Describe(new CanonicalFieldSink(writer));

    /// <summary>For callers that write many: keeps the sink.</summary>
    public static void Write(DomainEvent happened, CanonicalFieldSink sink) => happened.Describe(sink);

    /// <summary>Number to type; an unknown one means that the log was written by a newer version.</summary>
    /// <param name="names">For callers that read many.</param>
    public static DomainEvent Read(EventType type, uint schemaVersion, ReadOnlySpan<byte> payload, NamePool? names = null)
    {
        if (schemaVersion != 1) throw new CanonicalException($"event type {type} has schema version {schemaVersion}; this program knows 1");
        if (DomainCatalogue.Find(type) is not { } shape)
            throw new CanonicalException($"event type {(int)type} is unknown to this program: the log was written by a newer one");
        var reader = new CanonicalReader(payload, names);
        var happened = shape.Read(ref reader);
        reader.End();
        return happened;
    }
}
