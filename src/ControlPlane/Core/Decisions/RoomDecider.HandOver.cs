using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

public static partial class RoomDecider
{
    private static Decision Revoke(ClusterState state, RoomState room, RoomCommand.Revoke revoke, in EntryContext entry)
    {
        var record = room.Record;
        if (revoke.Reason is not (RevokeReason.Move or RevokeReason.Drain))
            return Failure.InvalidArgument($"reason: {(byte)revoke.Reason} breaks the rule: 1 (move) or 2 (drain)");
        if (record.LastEpoch != revoke.ExpectedEpoch) return StaleEpoch(record, revoke.ExpectedEpoch);
        if (record.Owner is not { } owner) return Failure.Precondition($"room {record.Id} has no owner: it is {record.Status}");
        if (owner.IsRevoked) return Decision.Nothing(Show(record));
        var node = state.FindNode(owner.Node)!.Record;
        if (revoke.Reason == RevokeReason.Drain && node.Scheduling != NodeScheduling.Draining)
            return Failure.Precondition($"node {node.Id} is not being drained: it is {node.Scheduling}");
        if (CheckTarget(state, record, revoke.Target) is { } wrong) return wrong;
        var events = new DecidedEvents(entry);
        var cause = revoke.Reason == RevokeReason.Drain ? node.Drain : EventRef.None;
        events.Add(new RoomEvent.Revoked(record.Id, owner.Epoch, owner.Node, revoke.Reason, revoke.Target), cause);
        return Decision.Of(events, Show(record) with { Node = new(""), Status = RoomStatus.Revoking });
    }

    private static Decision Move(ClusterState state, RoomState room, RoomCommand.Move move, in EntryContext entry)
    {
        var record = room.Record;
        if (Rules.OptionalName("target_node_id", move.Target.Value) is { } wrong) return wrong;
        if (!move.ExpectedEpoch.IsNone && record.LastEpoch != move.ExpectedEpoch) return StaleEpoch(record, move.ExpectedEpoch);
        if (record.Status != RoomStatus.Active) return Failure.Precondition($"room {record.Id} cannot be moved: it is {record.Status}");
        var owner = record.Owner!;
        if (CheckTarget(state, record, move.Target) is { } refused) return refused;
        if (move.Target.IsNone)
        {
            var others = state.NodesTakingRooms - (state.FindNode(owner.Node)!.Record.TakesRooms ? 1 : 0);
            if (others <= 0) return Failure.Precondition($"room {record.Id} cannot be moved: no node but {owner.Node} takes rooms");
        }
        var events = new DecidedEvents(entry);
        var asked = events.Add(new RoomEvent.MoveRequested(record.Id, owner.Epoch, move.Target));
        events.Add(new RoomEvent.Revoked(record.Id, owner.Epoch, owner.Node, RevokeReason.Move, move.Target), asked);
        return Decision.Of(events, Show(record) with { Node = new(""), Status = RoomStatus.Revoking });
    }

    internal static Failure? CheckTarget(ClusterState state, RoomRecord room, NodeId target)
    {
        if (target.IsNone) return null;
        if (state.FindNode(target) is not { } node) return Failure.NotFound($"node {target}");
        if (room.Owner?.Node == target) return Failure.Precondition($"room {room.Id} is on node {target} already");
        if (!node.Record.TakesRooms)
            return Failure.Precondition($"node {target} takes no rooms: it is {node.Record.Health}, {node.Record.Scheduling}");
        if (room.Settings.Region.Length > 0 && room.Settings.Region != node.Record.Description.Region)
            return Failure.Precondition($"node {target} is in region \"{node.Record.Description.Region}\", not \"{room.Settings.Region}\"");
        return null;
    }

    private static Decision Release(RoomState room, RoomCommand.Release release, in EntryContext entry)
    {
        var record = room.Record;
        if (record.LastEpoch != release.Epoch) return StaleEpoch(record, release.Epoch);
        if (record.LastNode != release.Node)
            return Failure.Precondition(
                $"room {record.Id}: epoch {release.Epoch} belongs to node {record.LastNode}, not to {release.Node}");
        if (record.Owner is not { } owner) return Decision.Nothing(Show(record)); // a repeat
        if (owner.Incarnation != release.Incarnation)
            return Failure.Precondition(
                $"room {record.Id}: epoch {release.Epoch} belongs to incarnation {owner.Incarnation} of {owner.Node}, not to "
                + $"{release.Incarnation}");
        return EndOwnership(record, ReleaseKind.ByOwner, entry);
    }

    private static Decision Expire(RoomState room, RoomCommand.ExpireOwnership expire, in EntryContext entry)
    {
        var record = room.Record;
        if (record.LastEpoch != expire.Epoch) return StaleEpoch(record, expire.Epoch);
        if (record.Owner is not { } owner) return Decision.Nothing(Show(record));
        if (!owner.IsRevoked)
            return Failure.Precondition($"room {record.Id}: epoch {owner.Epoch} was not revoked; only a revoked ownership expires");
        return EndOwnership(record, ReleaseKind.LeaseEnded, entry);
    }

    private static Decision EndOwnership(RoomRecord record, ReleaseKind kind, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        AddRelease(events, record, kind, record.Owner!.Revoke);
        var status = record.Phase switch { RoomPhase.Open => RoomStatus.Unplaced, _ => RoomStatus.Closed };
        return Decision.Of(events, Show(record) with { Node = new(""), Status = status });
    }

    /// <summary>RoomReleased, and RoomClosed when that was all a closing room waited for. Also used when a node is lost.</summary>
    internal static void AddRelease(DecidedEvents events, RoomRecord record, ReleaseKind kind, EventRef cause)
    {
        var owner = record.Owner!;
        var released = events.Add(new RoomEvent.Released(record.Id, owner.Epoch, owner.Node, kind), cause);
        if (record.Phase == RoomPhase.Closing) events.Add(new RoomEvent.Closed(record.Id, record.CloseReason), released);
    }

    private static Decision Close(RoomState room, RoomCommand.Close close, in EntryContext entry)
    {
        var record = room.Record;
        if (!close.ExpectedEpoch.IsNone && record.LastEpoch != close.ExpectedEpoch) return StaleEpoch(record, close.ExpectedEpoch);
        return record.IsOpen ? EndLife(record, CloseReason.Requested, entry) : Decision.Nothing(Show(record));
    }

    private static Decision CloseEmpty(RoomState room, in EntryContext entry)
    {
        var record = room.Record;
        if (!record.IsOpen) return Decision.Nothing(Show(record));
        if (room.Participants > 0) return Failure.Precondition($"room {record.Id} is not empty: {room.Participants} seats are taken");
        if (record.CloseDueMs is not { } due || due > entry.Time.UnixMs)
            return Failure.Precondition(
                $"room {record.Id} has been empty for {entry.Time.UnixMs - record.EmptySinceMs} ms; its timeout is {record.CloseAfterMs} "
                + $"ms (0: never)");
        return EndLife(record, CloseReason.Empty, entry);
    }

    private static Decision EndLife(RoomRecord record, CloseReason reason, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        if (record.Owner is not { } owner)
        {
            events.Add(new RoomEvent.Closed(record.Id, reason));
            return Decision.Of(events, Show(record) with { Status = RoomStatus.Closed });
        }
        events.Add(new RoomEvent.Closing(record.Id, owner.Epoch, reason));
        return Decision.Of(events, Show(record) with { Node = new(""), Status = RoomStatus.Closing });
    }
}
