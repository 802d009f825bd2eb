using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>
    /// Closed rooms are remembered this long, in milliseconds of log time, so that a repeated close and a listing find them.
    /// </summary>
    public const long RememberClosedMs = 3_600_000;
    /// <summary>So many are forgotten at one close at most, so that no single event costs much.</summary>
    private const int ForgetAtOnce = 64;

    private void EvolveRoom(RoomEvent happened, in EventContext context)
    {
        if (happened is RoomEvent.Created created)
        {
            Create(created, context);
            return;
        }
        var room = RoomOf(happened.Room);
        var record = room.Record;
        switch (happened)
        {
            case RoomEvent.PlacementDecided: Set(room, record with { LastDecision = context.Ref }); break;
            case RoomEvent.PlacementFailed: Set(room, record with { LastDecision = context.Ref, PlacementFailedRecorded = true }); break;
            case RoomEvent.Placed placed: Place(room, placed, context); break;
            case RoomEvent.Updated updated: Update(room, updated, context); break;
            case RoomEvent.MoveRequested asked:
                Set(room, record with { Cause = context.Ref, Why = PlacementReason.MoveRequested, Target = asked.Target });
                break;
            case RoomEvent.Revoked revoked: Revoke(room, revoked, context); break;
            case RoomEvent.Released released: Release(room, released, context); break;
            case RoomEvent.Closing closing:
                FreeSeats(room);
                Set(room, record with
                {
                    Phase = RoomPhase.Closing,
                    CloseReason = closing.Reason,
                    EmptySinceMs = -1,
                    Target = new(""),
                    Owner = record.Owner is { IsRevoked: false } owner
                        ? owner with { Revoke = context.Ref, RevokeReason = RevokeReason.Close } : record.Owner,
                });
                break;
            case RoomEvent.Closed closed: Close(room, closed); break;
            default: Invariant.Require(false, "every room event has a fold"); break;
        }
    }

    private void Create(RoomEvent.Created created, in EventContext context)
    {
        var record = new RoomRecord(created.Room, RoomPhase.Open, created.Settings, context.Seq, LastTime.UnixMs, null, Epoch.None, new(""),
            context.Ref, PlacementReason.Created, new(""), EventRef.None, false, LastTime.UnixMs, 0, CloseReason.None);
        if (FindRoom(created.Room) is not { } room)
        {
            room = new RoomState(record);
            _rooms.Add(room);
            MetadataBytes += record.Settings.Metadata.Length;
        }
        else
        {
            // An owner of the earlier life may still hold authority: the new life waits for its release.
            var before = room.Record;
            _closed.Remove(new(before.ClosedAtMs, room));
            record = record with { Owner = before.Owner, LastEpoch = before.LastEpoch, LastNode = before.LastNode };
        }
        Set(room, record);
    }

    private void Place(RoomState room, RoomEvent.Placed placed, in EventContext context)
    {
        var record = room.Record;
        Invariant.Require(record.Owner is null, "a room has at most one unreleased ownership");
        Invariant.Require(placed.Epoch > record.LastEpoch, "epochs of a room strictly grow");
        Invariant.Require(placed.Epoch.EventSeq == context.Seq, "an epoch is the event_seq of its placement");
        (room.Home, room.Reserved) = (NodeOf(placed.Node), placed.Reservation);
        room.Home.Rooms.Add(room);
        Set(room, record with
        {
            Owner = new(placed.Node, placed.Incarnation, placed.Epoch, placed.Reservation, LastTime.UnixMs, EventRef.None,
                RevokeReason.None, new("")),
            LastEpoch = placed.Epoch,
            LastNode = placed.Node,
            Target = new(""),
            PlacementFailedRecorded = false,
        });
        Recharge(room);
        foreach (var seat in room.Seats.InOrder()) ExpectJoin(room, seat);
    }

    private void Update(RoomState room, RoomEvent.Updated updated, in EventContext context)
    {
        var record = room.Record;
        var wasJoined = record.Details?.WasJoined ?? room.Seats.InOrder().Any(static seat => !seat.JoinedEpoch.IsNone);
        Set(room, record with
        {
            Settings = updated.Settings,
            Details = new(updated.Name, updated.DepartureTimeoutMs, wasJoined, context.Seq),
            // right behind the creation: it tells by which name
            Cause = updated.Changed.HasFlag(RoomParts.Name) ? context.Ref : record.Cause,
        });
    }

    private void Revoke(RoomState room, RoomEvent.Revoked revoked, in EventContext context)
    {
        var record = room.Record;
        Invariant.Require(record.Owner?.Epoch == revoked.Epoch, "what is revoked is the present ownership");
        var drain = revoked.Reason == RevokeReason.Drain ? NodeOf(revoked.Node).Record.Drain : EventRef.None;
        // RoomMoveRequested stands right before
        var asked = record.Why == PlacementReason.MoveRequested && record.Cause.Seq + 1 == context.Seq;
        Set(room, record with
        {
            Owner = record.Owner with { Revoke = context.Ref, RevokeReason = revoked.Reason, Target = revoked.Target },
            Target = revoked.Target,
            Cause = !drain.IsNone ? drain : asked ? record.Cause : context.Ref,
            Why = revoked.Reason == RevokeReason.Drain ? PlacementReason.Drain : PlacementReason.MoveRequested,
        });
    }

    private void Release(RoomState room, RoomEvent.Released released, in EventContext context)
    {
        var record = room.Record;
        var owner = record.Owner;
        Invariant.Require(owner is not null && owner.Epoch == released.Epoch, "what is released is the present ownership");
        var node = NodeOf(owner.Node);
        Discharge(room, node);
        node.Rooms.Remove(room.Name);
        room.Home = null;
        // A room that goes on in a new life waits because it was created; one that was not revoked, because its owner let go or was lost.
        var (cause, why) = owner.IsRevoked || !record.IsOpen ? (record.Cause, record.Why)
            : released.Kind == ReleaseKind.NodeLost ? (node.Record.LostCause, PlacementReason.NodeLost)
            : (context.Ref, PlacementReason.Released);
        Set(room, record with { Owner = null, Cause = cause, Why = why, PlacementFailedRecorded = false });
    }

    private void Close(RoomState room, RoomEvent.Closed closed)
    {
        Invariant.Require(room.Record.Owner is null, "a room is closed only when nobody holds it");
        FreeSeats(room);
        Set(room, room.Record with
        {
            Phase = RoomPhase.Closed,
            CloseReason = closed.Reason,
            EmptySinceMs = -1,
            ClosedAtMs = LastTime.UnixMs,
            Target = new(""),
            Settings = room.Record.Settings with { Metadata = default },
        });
        _closed.Add(new(LastTime.UnixMs, room));
        for (var i = 0; i < ForgetAtOnce && _closed.Count > 0 && _closed.Min.Key + RememberClosedMs <= LastTime.UnixMs; i++)
        {
            var oldest = _closed.Min;
            _closed.Remove(oldest);
            _rooms.Remove(oldest.Room.Name);
            MetadataBytes -= oldest.Room.Record.Settings.Metadata.Length;
            MarkDirty(oldest.Room);
        }
    }

    private RoomState RoomOf(RoomId room)
    {
        var found = FindRoom(room);
        Invariant.Require(found is not null, "an event about a room follows its creation");
        return found;
    }

    private void Set(RoomState room, RoomRecord record)
    {
        MetadataBytes += record.Settings.Metadata.Length - room.Record.Settings.Metadata.Length;
        room.Record = record;
        Reindex(room);
        MarkDirty(room);
    }

    /// <summary>Keeps the room's place in the indexes true to its record.</summary>
    private void Reindex(RoomState room)
    {
        var record = room.Record;
        var due = record.CloseDueMs ?? -1;
        if (due != room.EmptyDueMs)
        {
            if (room.EmptyDueMs >= 0) _emptyDue.Remove(new(room.EmptyDueMs, room));
            if (due >= 0) _emptyDue.Add(new(due, room));
            room.EmptyDueMs = due;
        }
        var waiting = record.Status == RoomStatus.Unplaced ? record.Cause.Seq : 0;
        if (waiting != room.WaitingSeq)
        {
            if (room.WaitingSeq != 0) _waiting.Remove(new((long)room.WaitingSeq, room));
            if (waiting != 0) _waiting.Add(new((long)waiting, room));
            room.WaitingSeq = waiting;
        }
        if (record.Owner is { IsRevoked: true })
        {
            if (!_revoked.Contains(room.Name)) _revoked.Add(room);
        }
        else if (_revoked.Count > 0) _revoked.Remove(room.Name);
    }

    /// <summary>Counts into the owner's node what the room takes of it now.</summary>
    private static void Recharge(RoomState room)
    {
        if (room.Home is not { } node) return;
        var actual = room.Actual;
        var charged = Reservation.Max(room.Reserved, actual);
        node.Actual = node.Actual - room.ActualCounted + actual;
        node.Charged = node.Charged - room.Charged + charged;
        room.ActualCounted = actual;
        room.Charged = charged;
    }

    private static void Discharge(RoomState room, NodeState node)
    {
        node.Actual -= room.ActualCounted;
        node.Charged -= room.Charged;
        room.ActualCounted = Reservation.Nothing;
        room.Charged = Reservation.Nothing;
    }
}
