using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Events;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl;

/// <summary>An event in plain words; its payload's JSON where a newer program wrote it.</summary>
internal static class EventWords
{
    internal static string Of(Event e)
    {
        try
        {
            return Enum.TryParse<EventType>(e.Type, out var type) ? EventCodec.Read(type, e.SchemaVersion, e.PayloadCanonical.Span).Words
                : e.PayloadJson;
        }
        catch (CanonicalException) { return e.PayloadJson; }
    }
}
