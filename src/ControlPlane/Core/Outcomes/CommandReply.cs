using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Outcomes;

/// <summary>What the proposer of a command gets back.</summary>
/// <param name="Index">Log index of the entry that first carried the command.</param>
/// <param name="EventSeq">event_seq of the last event it caused; 0 when it caused none.</param>
/// <param name="Replayed">True when the answer was stored from an earlier try; not part of what is stored.</param>
public sealed record CommandReply(ulong Index, ulong EventSeq, Failure? Failure, CommandOutcome Outcome, bool Replayed = false)
{
    public void WriteTo(CanonicalWriter writer)
    {
        writer.WriteUInt64(Index);
        writer.WriteUInt64(EventSeq);
        writer.WriteByte(Failure is null ? (byte)0 : (byte)Failure.Code);
        if (Failure is not null) writer.WriteString(Failure.Message);
        else Outcome.Describe(new CanonicalFieldSink(writer));
    }

    public static CommandReply Read(ref CanonicalReader reader)
    {
        var index = reader.ReadUInt64();
        var eventSeq = reader.ReadUInt64();
        var code = (FailureCode)reader.ReadByte();
        return code == 0
            ? new(index, eventSeq, null, CommandOutcome.Read(ref reader))
            : new(index, eventSeq, new Failure(code, reader.ReadString()), CommandOutcome.Empty);
    }
}
