using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>Why: walks from an effect back to its first cause.</summary>
public static class Causes
{
    /// <summary>No chain of the product is near this long; one that is longer is not followed for ever.</summary>
    private const int MaxLinks = 64;
    private const int LookBack = 256;

    /// <summary>Events that say where a room is, or that it is nowhere.</summary>
    private static bool SaysWhere(string type) =>
        type is nameof(EventType.RoomPlaced) or nameof(EventType.RoomRevoked) or nameof(EventType.RoomReleased)
        or nameof(EventType.PlacementFailed) or nameof(EventType.RoomClosing) or nameof(EventType.RoomClosed)
            or nameof(EventType.RoomCreated);

    public static Answer<ExplainReply> OfRoom(EventLogReader log, RoomId room)
    {
        var stream = "room-" + room.Value;
        for (var count = LookBack; ; count *= 8)
        {
            var seqs = log.LastOfStream(stream, count);
            for (var i = seqs.Count - 1; i >= 0; i--)
                if (log.TryGet(seqs[i]) is { } found && SaysWhere(found.Type)) return Walk(log, found);
            if (seqs.Count >= count) continue;
            return log.Floor > 1
                ? Failure.OutOfRange($"room {room} has no event that says where it is from the floor, event {log.Floor}, on")
                : Failure.NotFound($"room {room}");
        }
    }

    public static Answer<ExplainReply> OfEvent(EventLogReader log, ulong seq)
    {
        if (seq < log.Floor && seq > 0) return Failure.OutOfRange($"event {seq} is not held here; the floor is {log.Floor}");
        return log.TryGet(seq) is { } found ? Walk(log, found) : Failure.NotFound($"event {seq}");
    }

    private static ExplainReply Walk(EventLogReader log, EventEnvelope effect)
    {
        var reply = new ExplainReply();
        for (var at = effect; ;)
        {
            reply.Chain.Add(EventMapping.ToWire(at));
            reply.Words.Add(WordsOf(at));
            if (at.CausationSeq == 0) return reply;
            reply.BrokenLink = BrokenLink(log, at, out var cause);
            if (cause is null) return reply;
            at = cause;
            if (reply.Chain.Count < MaxLinks) continue;
            reply.BrokenLink = $"the chain goes on after {MaxLinks} events, with event {at.EventSeq}; ask for that one";
            return reply;
        }
    }

    private static string BrokenLink(EventLogReader log, EventEnvelope effect, out EventEnvelope? cause)
    {
        cause = null;
        var (seq, id) = (effect.CausationSeq, effect.CausationId);
        var link = $"event {effect.EventSeq} names event {seq} as its cause";
        if (seq >= effect.EventSeq) return $"{link}, which is not before it";
        if (seq < log.Floor) return $"{link}, which is not held here; the floor is {log.Floor}";
        if (log.TryGet(seq) is not { } found) return $"{link}, which is missing";
        if (found.EventId != id) return $"{link} under the id {id}, but that event's id is {found.EventId}";
        cause = found;
        return "";
    }

    /// <summary>One line: when, what, and who asked for it.</summary>
    public static string WordsOf(EventEnvelope e)
    {
        var what = EventMapping.WordsOf(e);
        var asked = e.CausationSeq != 0 ? "" : e.CommandId.Length > 0
            ? $"; {e.ActorKind} {e.ActorSubject} asked for it (request {e.CommandId})"
            : $"; by {e.ActorKind} {e.ActorSubject}";
        return $"{e.OccurredAt} #{e.EventSeq} {what}{asked}";
    }
}
