using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>What owners tell of sessions: kept in the log, under the rules of presence.</summary>
internal static class SessionDecider
{
    internal static Decision Report(ClusterState state, ParticipantCommand.ReportSessions report, in EntryContext entry)
    {
        if (ParticipantDecider.FindReporter(state, report.Node, report.Incarnation, report.Reports.Length, out var node) is { } wrong)
            return wrong;
        var events = new DecidedEvents(entry);
        var refused = 0u;
        foreach (var item in report.Reports)
        {
            if (ParticipantDecider.HeldSeat(state, node, item.Room, item.Epoch, item.Identity, item.SeatId) is not null
                && EventOf(item) is { } happened) events.Add(happened);
            else refused++;
        }
        return Decision.Of(events, new() { Node = report.Node, Accepted = (uint)events.Count, Refused = refused });
    }

    /// <summary>Null for what is too long, or of a kind that is not known.</summary>
    private static SessionEvent? EventOf(in SessionReport item)
    {
        if (item.Sid.Length == 0 || Rules.MaxLength("sid", item.Sid, SessionReport.MaxSidLength) is not null
            || Rules.MaxBytes("info", item.Info.Length, SessionReport.MaxInfoBytes) is not null) return null;
        return item.Kind switch
        {
            SessionReportKind.Described =>
                new SessionEvent.Described(item.Room, item.Identity, item.Epoch, item.SeatId, item.Sid, item.Info),
            SessionReportKind.TrackPublished =>
                new SessionEvent.TrackPublished(item.Room, item.Identity, item.Epoch, item.SeatId, item.Sid, item.Info),
            SessionReportKind.TrackUnpublished =>
                new SessionEvent.TrackUnpublished(item.Room, item.Identity, item.Epoch, item.SeatId, item.Sid),
            _ => null,
        };
    }
}
