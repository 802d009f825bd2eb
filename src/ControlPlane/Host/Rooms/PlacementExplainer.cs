using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Says why a room is where it is: finds its last decision by number in the event log.</summary>
public sealed class PlacementExplainer(StateQueries queries, EventLogReader events, Fleet fleet)
{
    private sealed record Subject(EventRef Decision, Epoch Epoch, bool Placed, string Note);

    public async Task<ExplainPlacementReply> ExplainAsync(RoomId room, ReadMode mode, CancellationToken cancellationToken)
    {
        var subject = await queries.ReadAsync(mode, (Room: room, Fleet: fleet),
            static (state, _, asked) => state.FindRoom(asked.Room) is { Record: var record } found
            ? new Subject(record.LastDecision, record.LastEpoch, record.LastEpoch.EventSeq > record.LastDecision.Seq,
                NoteOf(state, found, asked.Fleet)) : null, cancellationToken)
            ?? throw Failure.NotFound($"room {room}").ToRpcException();
        if (subject.Decision.IsNone) return new ExplainPlacementReply { RoomId = room.Value, Note = subject.Note };
        var envelope = await FindAsync(subject.Decision.Seq, cancellationToken);
        var (decision, found) = EventMapping.Decode(envelope) switch
        {
            RoomEvent.PlacementDecided decided => (decided.Placement, true),
            RoomEvent.PlacementFailed failed => (failed.Placement, false),
            _ => throw new InvariantViolation($"the decision of room {room} is event {subject.Decision.Seq}, which is {envelope.Type}"),
        };
        return Reply(room, subject, envelope, decision, found);
    }

    private static ExplainPlacementReply Reply(RoomId room, Subject subject, EventEnvelope envelope, PlacementDecision decision, bool found)
    {
        var reply = new ExplainPlacementReply
        {
            RoomId = room.Value,
            NodeId = found ? decision.Node.Value : "",
            Epoch = found && subject.Placed ? subject.Epoch.Value : 0,
            DecisionEventSeq = envelope.EventSeq,
            DecidedAtMs = envelope.OccurredAt.UnixMs,
            PolicyVersion = decision.PolicyVersion,
            Reason = decision.Reason.Words(),
            Note = subject.Note,
        };
        foreach (var candidate in decision.Candidates) reply.Candidates.Add(new V1.PlacementCandidate
        {
            NodeId = candidate.Node.Value,
            ScorePermille = candidate.ScorePermille,
        });
        foreach (var rejection in decision.Rejections) reply.Candidates.Add(new V1.PlacementCandidate
        {
            NodeId = rejection.Node.Value,
            Rejection = rejection.Words,
        });
        return reply;
    }

    private static string NoteOf(ClusterState state, RoomState room, Fleet fleet)
    {
        if (room.Record is not { Status: ControlPlane.Rooms.RoomStatus.Active, Owner: { } owner }
            || state.FindNode(owner.Node) is not { Record.Scheduling: ControlPlane.Nodes.NodeScheduling.Draining } node) return "";
        return new DrainOutlook(fleet, owner.Node).WhyNot(DrainOutlook.RequestOf(room, owner.Node)) is { } why
            ? $"its node {node.Record.Id} is being drained, and the room stays there: {why.Why}"
            : $"its node {node.Record.Id} is being drained: the room is moved once the drain's deadline has passed";
    }

    private async Task<EventEnvelope> FindAsync(ulong seq, CancellationToken cancellationToken)
    {
        try
        {
            await events.WaitAsync(seq, cancellationToken); // the writer is a few milliseconds behind what is applied
            return events.TryGet(seq) ?? throw new InvariantViolation($"event {seq} was waited for and is not there");
        }
        catch (EventLogException e) when (e.Problem == EventLogProblem.OutOfRange)
        {
            throw Failure.OutOfRange($"event {seq}, which decided it, is not held here; held from {events.Floor} on: ask another replica")
                .ToRpcException();
        }
    }
}
