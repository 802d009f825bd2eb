using VideoScale.Cli.Ctl;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Events;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary>An event as people read it.</summary>
internal static class EventLine
{
    internal static string Of(Event e) =>
        $"#{e.EventSeq} {Format.Time(e.OccurredAtMs)} {e.Type} {e.Stream}@{e.StreamVersion} log {e.RaftIndex}.{e.OrdinalInEntry}"
        + $" by {e.Actor.Kind} {e.Actor.Subject}{(e.CausationSeq > 0 ? $" because of #{e.CausationSeq}" : "")}\n    {Words(e)}";

    /// <summary>Plain words; the payload's JSON where a newer program wrote the event.</summary>
    internal static string Words(Event e)
    {
        try
        {
            return Enum.TryParse<EventType>(e.Type, out var type) ? EventCodec.Read(type, e.SchemaVersion, e.PayloadCanonical.Span).Words
                : e.PayloadJson;
        }
        catch (CanonicalException) { return e.PayloadJson; }
    }
}
