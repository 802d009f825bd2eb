using VideoScale.Cli.Ctl;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary>An event as people read it.</summary>
internal static class EventLine
{
    internal static string Of(Event e) =>
        $"#{e.EventSeq} {Format.Time(e.OccurredAtMs)} {e.Type} {e.Stream}@{e.StreamVersion} log {e.RaftIndex}.{e.OrdinalInEntry}"
        + $" by {e.Actor.Kind} {e.Actor.Subject}{(e.CausationSeq > 0 ? $" because of #{e.CausationSeq}" : "")}\n    {EventWords.Of(e)}";
}
