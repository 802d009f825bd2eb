using Google.Protobuf;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Agent;

/// <summary>Between the wire and Core.</summary>
internal static class DirectiveMapping
{
    internal static Acknowledgement ToCore(this HeartbeatAck ack) => new(
        ack.Sequence, ack.AppliedIndex, ack.LeaseTtlMs, [.. ack.GiveUp.Select(h => new Holding(new RoomId(h.RoomId), new Epoch(h.Epoch)))],
            ack.ReportsDone);

    /// <returns>Null for a kind this program does not know: a newer leader's, safe to pass over.</returns>
    internal static Directive? ToCore(this AgentDirective directive) => directive.KindCase switch
    {
        AgentDirective.KindOneofCase.Assign =>
            new Directive.Assign(directive.Assign.LogIndex, new RoomId(directive.Assign.RoomId), new Epoch(directive.Assign.Epoch),
            new SeatCaps(directive.Assign.MaxParticipants, directive.Assign.MaxPublishers), [.. directive.Assign.Seats.Select(ToCore)]),
        AgentDirective.KindOneofCase.Revoke => new Directive.Revoke(directive.Revoke.LogIndex, new RoomId(directive.Revoke.RoomId),
            new Epoch(directive.Revoke.Epoch), directive.Revoke.Reason),
        AgentDirective.KindOneofCase.Evict => new Directive.Evict(new RoomId(directive.Evict.RoomId), new Epoch(directive.Evict.Epoch),
            new ParticipantIdentity(directive.Evict.Identity), directive.Evict.SeatId),
        AgentDirective.KindOneofCase.Seat =>
            new Directive.Seated(new RoomId(directive.Seat.RoomId), new Epoch(directive.Seat.Epoch), directive.Seat.Participant.ToCore()),
        AgentDirective.KindOneofCase.Expelled => new Directive.Expelled(directive.Expelled.Reason),
        _ => null,
    };

    internal static Seat ToCore(this Participant participant) => new(new ParticipantIdentity(participant.Identity), participant.SeatId,
        participant.Role == ParticipantRole.Subscriber ? SeatRole.Subscriber : SeatRole.Publisher);

    internal static RoomReport ToWire(this NumberedReport numbered)
    {
        var report = new RoomReport
        {
            Sequence = numbered.Sequence,
            RoomId = numbered.Report.Room.Value,
            Epoch = numbered.Report.Epoch.Value,
        };
        switch (numbered.Report)
        {
            case Report.Released: report.Released = new RoomReleased(); break;
            case Report.Joined joined:
                report.Joined = new ParticipantJoined { Identity = joined.Identity.Value, SeatId = joined.SeatId }; break;
            case Report.Left left: report.Left = new ParticipantLeft { Identity = left.Identity.Value, SeatId = left.SeatId }; break;
            case Report.Session { Fact: { Kind: SessionFactKind.Described } fact } session:
                report.Described = new SessionDescribed
                {
                    Identity = session.Identity.Value,
                    SeatId = session.SeatId,
                    Sid = fact.Sid,
                    Info = UnsafeByteOperations.UnsafeWrap(fact.Info), // made for the report, and never changed
                };
                break;
            case Report.Session { Fact: { Kind: SessionFactKind.TrackPublished } fact } session:
                report.TrackPublished = new SessionTrackPublished
                {
                    Identity = session.Identity.Value,
                    SeatId = session.SeatId,
                    Sid = fact.Sid,
                    Info = UnsafeByteOperations.UnsafeWrap(fact.Info),
                };
                break;
            case Report.Session session:
                report.TrackUnpublished = new SessionTrackUnpublished
                {
                    Identity = session.Identity.Value,
                    SeatId = session.SeatId,
                    Sid = session.Fact.Sid,
                };
                break;
            default: Invariant.Require(false, "every report has a place on the wire"); break;
        }
        return report;
    }
}
