using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Events;

/// <summary>Points at an event of the log: enough to name it as a cause (its id is a hash of index and ordinal).</summary>
/// <param name="Seq">event_seq, from 1; 0 when there is no such event.</param>
/// <param name="Index">Log index of its entry.</param>
/// <param name="Ordinal">Its place among the events of that entry, from 0.</param>
public readonly record struct EventRef(ulong Seq, ulong Index, uint Ordinal)
{
    public static EventRef None => default;
    public bool IsNone => Seq == 0;

    public void Describe(FieldSink sink, string name)
    {
        sink.Number(name + "_seq", Seq);
        sink.Number(name + "_index", Index);
        sink.Number(name + "_ordinal", Ordinal);
    }

    public static EventRef Read(ref CanonicalReader reader) => new(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadUInt32());
}

/// <summary>Where and when an event stands: what Evolve may know beside the event itself.</summary>
/// <param name="Seq">Gapless ordinal in the event log, from 1.</param>
/// <param name="Index">Log index of the entry.</param>
/// <param name="Term">Term of the entry.</param>
/// <param name="Ordinal">Place among the events of the entry, from 0.</param>
/// <param name="Time">Leader-stamped, never goes back.</param>
public readonly record struct EventContext(ulong Seq, ulong Index, ulong Term, uint Ordinal, LogTime Time)
{
    public EventRef Ref => new(Seq, Index, Ordinal);
}
