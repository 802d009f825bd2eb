using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Catalogue;

/// <summary>Canonical bytes of a log entry: format, stamp, then its commands with their envelopes.</summary>
public static class EntryCodec
{
    /// <summary>The stamp is log time alone.</summary>
    public const byte Format = 1;

    /// <summary>The stamp is log time, the time for request ids, and the ends of a step.</summary>
    public const byte ExtendedFormat = 2;

    public static void Write(LogEntry entry, CanonicalWriter writer)
    {
        WriteHead(entry.Stamp, entry.Commands.Count, writer);
        for (var i = 0; i < entry.Commands.Count; i++) WriteEnvelope(entry.Commands[i], writer);
    }

    public static LogEntry Read(ReadOnlySpan<byte> source)
    {
        var reader = new CanonicalReader(source);
        var format = reader.ReadByte();
        if (format is not (Format or ExtendedFormat))
            throw new UnknownCommandException(
                $"entry format {format} is unknown to this program, which knows {Format} and {ExtendedFormat}; a newer one wrote the log");
        var stamp = new EntryStamp(new(reader.ReadInt64()));
        if (format == ExtendedFormat) stamp = stamp with
        {
            RequestTime = new LogTime(reader.ReadInt64()),
            Step = new(new(reader.ReadInt64()), new(reader.ReadInt64())),
        };
        var commands = new CommandEnvelope[reader.ReadCount()];
        for (var i = 0; i < commands.Length; i++) commands[i] = ReadEnvelope(ref reader);
        reader.End();
        return new(stamp, commands);
    }

    /// <summary>A batcher writes envelopes one by one and puts the entry's head in front with <see cref="WriteHead"/>.</summary>
    public static void WriteHead(in EntryStamp stamp, int commands, CanonicalWriter writer)
    {
        writer.WriteByte(stamp.IsPlain ? Format : ExtendedFormat);
        writer.WriteInt64(stamp.Time.UnixMs);
        if (!stamp.IsPlain)
        {
            writer.WriteInt64((stamp.RequestTime ?? stamp.Time).UnixMs);
            writer.WriteInt64(stamp.Step.From.UnixMs);
            writer.WriteInt64(stamp.Step.To.UnixMs);
        }
        writer.WriteCount(commands);
    }

    public static void WriteEnvelope(CommandEnvelope envelope, CanonicalWriter writer)
    {
        writer.WriteString(envelope.Actor.Subject);
        writer.WriteString(envelope.Actor.Kind.Word);
        writer.WriteString(envelope.Actor.AuthMethod.Word);
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
        var actor = new Actor(reader.ReadString(), ActorKind.Of(reader.ReadString()), ActorAuthMethod.Of(reader.ReadString()));
        var request = reader.ReadBool() ? new RequestKey(reader.ReadString(), reader.ReadString(), reader.ReadUInt128()) : null;
        var term = reader.ReadUInt64();
        var correlation = reader.ReadString();
        var cause = EventRef.Read(ref reader);
        var traceparent = reader.ReadString();
        return new(CommandCodec.Read(ref reader), actor, request, term, correlation, cause, traceparent);
    }
}
