namespace VideoScale.ControlPlane.Commands;

/// <summary>Canonical bytes of a log entry: format, time, then its commands with their envelopes.</summary>
public static class EntryCodec
{
    public const byte Format = 1;

    public static void Write(LogEntry entry, CanonicalWriter writer)
    {
        writer.WriteByte(Format);
        writer.WriteInt64(entry.Time.UnixMs);
        writer.WriteCount(entry.Commands.Count);
        for (var i = 0; i < entry.Commands.Count; i++) WriteEnvelope(entry.Commands[i], writer);
    }

    public static LogEntry Read(ReadOnlySpan<byte> source)
    {
        var reader = new CanonicalReader(source);
        var format = reader.ReadByte();
        if (format != Format) throw new UnknownCommandException($"entry format {format} is unknown to this program, which knows {Format}; a newer one wrote the log");
        var time = new LogTime(reader.ReadInt64());
        var commands = new CommandEnvelope[reader.ReadCount()];
        for (var i = 0; i < commands.Length; i++) commands[i] = ReadEnvelope(ref reader);
        reader.End();
        return new(time, commands);
    }

    /// <summary>A batcher writes envelopes one by one and puts the entry's head in front with <see cref="WriteHead"/>.</summary>
    public static void WriteHead(LogTime time, int commands, CanonicalWriter writer)
    {
        writer.WriteByte(Format);
        writer.WriteInt64(time.UnixMs);
        writer.WriteCount(commands);
    }

    public static void WriteEnvelope(CommandEnvelope envelope, CanonicalWriter writer)
    {
        writer.WriteString(envelope.Actor.Subject);
        writer.WriteString(envelope.Actor.Kind);
        writer.WriteString(envelope.Actor.AuthMethod);
        writer.WriteBool(envelope.Request is not null);
        if (envelope.Request is { } request)
        {
            writer.WriteString(request.Method);
            writer.WriteString(request.RequestId);
            writer.WriteUInt128(request.BodyFingerprint);
        }
        writer.WriteUInt64(envelope.DecidedInTerm);
        writer.WriteString(envelope.CorrelationId);
        writer.WriteUInt64(envelope.Cause.Seq);
        writer.WriteUInt64(envelope.Cause.Index);
        writer.WriteUInt32(envelope.Cause.Ordinal);
        writer.WriteString(envelope.Traceparent);
        CommandCodec.Write(envelope.Command, writer);
    }

    public static CommandEnvelope ReadEnvelope(ref CanonicalReader reader)
    {
        var actor = new Actor(reader.ReadString(), reader.ReadString(), reader.ReadString());
        var request = reader.ReadBool() ? new RequestKey(reader.ReadString(), reader.ReadString(), reader.ReadUInt128()) : null;
        var term = reader.ReadUInt64();
        var correlation = reader.ReadString();
        var cause = EventRef.Read(ref reader);
        var traceparent = reader.ReadString();
        return new(CommandCodec.Read(ref reader), actor, request, term, correlation, cause, traceparent);
    }
}
