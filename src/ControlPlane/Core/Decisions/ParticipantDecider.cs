using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Seats: reserved in the log before anyone may join, counted against the room's caps and the owner's.</summary>
public static class ParticipantDecider
{
    public const int MaxReports = 10_000;

    public static Decision Decide(ClusterState state, ParticipantCommand command, in EntryContext entry) => command switch
    {
        ParticipantCommand.Admit c => Admit(state, c, entry),
        ParticipantCommand.ReportPresence c => ReportPresence(state, c, entry),
        ParticipantCommand.ReportSessions c => SessionDecider.Report(state, c, entry),
        ParticipantCommand.Remove c => Remove(state, c, entry),
        ParticipantCommand.SetRole c => SetRole(state, c, entry),
        ParticipantCommand.ExpireSeat c => ExpireSeat(state, c, entry),
        _ => throw new UnreachableException(command.ToString()),
    };

    private static CommandOutcome Show(RoomState room, SeatOutcome seat) => RoomDecider.Show(room.Record, seat);

    private static Decision Admit(ClusterState state, ParticipantCommand.Admit admit, in EntryContext entry)
    {
        if ((NameRule.Check("room_id", admit.Room.Value) ?? NameRule.Check("identity", admit.Identity.Value) ?? CheckRole(admit.Role))
            is { } wrong) return wrong;
        if (state.FindRoom(admit.Room) is not { } room) return Failure.NotFound($"room {admit.Room}");
        if (room.Seats.TryGet(admit.Identity, out var held))
        {
            return held.Role == admit.Role
                ? Decision.Nothing(Show(room, room.Record.Show(held)))
                : Failure.Precondition($"{admit.Identity} has a seat in room {admit.Room} as {held.Role}: change its role instead");
        }
        var events = new DecidedEvents(entry);
        if (FindDenial(room, admit.Identity, admit.Role, room.Participants + 1,
            room.Publishers + (admit.Role == ParticipantRole.Publisher ? 1u : 0)) is { } denied)
        {
            events.Add(denied);
            return Decision.RefusedAndRecorded(denied.Cap == AdmissionCap.RoomClosed ? Failure.Precondition(denied.Reason)
                : Failure.Exhausted(denied.Reason), events);
        }
        var seat = events.Add(new ParticipantEvent.Admitted(admit.Room, admit.Identity, admit.Role));
        return Decision.Of(events, Show(room, new(admit.Identity, admit.Role, SeatStatus.Admitted, seat.Seq, entry.Time.UnixMs)));
    }

    /// <summary>The first cap that the room with so many participants and publishers would pass.</summary>
    private static ParticipantEvent.AdmissionDenied? FindDenial(
        RoomState room, ParticipantIdentity identity, ParticipantRole role, uint participants, uint publishers)
    {
        var (record, settings) = (room.Record, room.Record.Settings);
        ParticipantEvent.AdmissionDenied Deny(AdmissionCap cap, ulong limit, ulong inUse, ulong need, NodeId node) =>
            new(record.Id, identity, role, cap, limit, inUse, need, node);
        if (!record.IsOpen) return Deny(AdmissionCap.RoomClosed, 0, 0, 1, new(""));
        if (settings.MaxParticipants > 0 && participants > settings.MaxParticipants)
            return Deny(AdmissionCap.RoomParticipants, settings.MaxParticipants, room.Participants, participants - room.Participants,
                new(""));
        if (participants > RoomSettings.MaxSeats)
            return Deny(AdmissionCap.RoomParticipants, RoomSettings.MaxSeats, room.Participants, participants - room.Participants, new(""));
        if (settings.MaxPublishers > 0 && publishers > settings.MaxPublishers)
            return Deny(AdmissionCap.RoomPublishers, settings.MaxPublishers, room.Publishers, publishers - room.Publishers, new(""));
        if (record.Owner is not { } owner) return null; // the caps of the node it goes to are checked when it is placed
        // An owner of an earlier life of the name has nothing to do with this life's seats, but is charged until it lets go.
        var charge = Reservation.Max(owner.Reservation, RoomCost.Of(participants, publishers));
        return NodeCaps.Check(room.Home!, charge, room.Charged) is { } over
            ? Deny(over.Cap, over.Limit, over.InUse, over.Need, owner.Node)
            : null;
    }

    private static Decision ReportPresence(ClusterState state, ParticipantCommand.ReportPresence report, in EntryContext entry)
    {
        if (FindReporter(state, report.Node, report.Incarnation, report.Reports.Length, out var node) is { } wrong) return wrong;
        var events = new DecidedEvents(entry);
        var (accepted, refused) = (0u, 0u);
        // Seats this same batch has settled already, by their numbers: later reports see what earlier ones did.
        var settled = report.Reports.Length > 1 ? new Dictionary<ulong, bool>() : null;
        foreach (var item in report.Reports)
        {
            if (HeldSeat(state, node, item.Room, item.Epoch, item.Identity, item.SeatId) is not { } seat) { refused++; continue; }
            var earlier = false;
            var again = settled is not null && settled.TryGetValue(item.SeatId, out earlier);
            if (again && !earlier) { refused++; continue; } // it has left within this batch
            var joined = again || seat.JoinedEpoch == item.Epoch;
            accepted++;
            if (item.Joined && joined) continue; // a repeat
            events.Add(item.Joined
                ? new ParticipantEvent.Joined(item.Room, item.Identity, item.Epoch, item.SeatId)
                : new ParticipantEvent.Left(item.Room, item.Identity, item.Epoch, item.SeatId));
            settled?[item.SeatId] = item.Joined;
        }
        return Decision.Of(events, new() { Node = report.Node, Accepted = accepted, Refused = refused });
    }

    /// <summary>The process that reports, while it has a say.</summary>
    internal static Failure? FindReporter(ClusterState state, NodeId id, ulong incarnation, int reports, out NodeRecord node)
    {
        node = null!;
        if (NameRule.Check("node_id", id.Value) is { } wrong) return wrong;
        if (reports > MaxReports) return Failure.InvalidArgument($"reports: {reports} break the rule: at most {MaxReports}");
        if (state.FindNode(id)?.Record is not { } found) return Failure.NotFound($"node {id}");
        if (found.Incarnation != incarnation || found.IsGone)
            return Failure.Precondition(
                $"node {found.Id} is incarnation {found.Incarnation}, {found.Health}: incarnation {incarnation} has no say");
        node = found;
        return null;
    }

    /// <summary>
    /// The seat a report is about, when the reporter has authority over it: it is the owner, under the current epoch, revoked or not.
    /// </summary>
    internal static Seat? HeldSeat(ClusterState state, NodeRecord node, RoomId id, Epoch epoch, ParticipantIdentity identity, ulong seatId)
    {
        if (state.FindRoom(id) is not { } room) return null;
        if (room.Record.Owner is not { } owner || owner.Node != node.Id || owner.Incarnation != node.Incarnation
            || owner.Epoch != epoch) return null;
        if (owner.Epoch.EventSeq < room.Record.CreatedSeq) return null; // owner of an earlier life of the name
        return identity.Value is not null && room.Seats.TryGet(identity, out var seat) && seat.SeatId == seatId ? seat : null;
    }

    private static Decision Remove(ClusterState state, ParticipantCommand.Remove remove, in EntryContext entry)
    {
        if (Rules.MaxLength("reason", remove.Reason, TextLimits.MaxReasonLength) is { } wrong) return wrong;
        if (FindSeat(state, remove.Room, remove.Identity, out var room, out var seat) is { } missing) return missing;
        var events = new DecidedEvents(entry);
        events.Add(new ParticipantEvent.Removed(remove.Room, remove.Identity, seat.SeatId, remove.Reason));
        return Decision.Of(events, Show(room, room.Record.Show(seat)));
    }

    private static Decision SetRole(ClusterState state, ParticipantCommand.SetRole set, in EntryContext entry)
    {
        if (CheckRole(set.Role) is { } wrong) return wrong;
        if (FindSeat(state, set.Room, set.Identity, out var room, out var seat) is { } missing) return missing;
        if (seat.Role == set.Role) return Decision.Nothing(Show(room, room.Record.Show(seat)));
        var events = new DecidedEvents(entry);
        var publishers = set.Role == ParticipantRole.Publisher ? room.Publishers + 1 : room.Publishers - 1;
        if (set.Role == ParticipantRole.Publisher
            && FindDenial(room, set.Identity, set.Role, room.Participants, publishers) is { } denied)
        {
            events.Add(denied);
            return Decision.RefusedAndRecorded(Failure.Exhausted(denied.Reason), events);
        }
        events.Add(new ParticipantEvent.RoleChanged(set.Room, set.Identity, seat.SeatId, set.Role));
        return Decision.Of(events, Show(room, room.Record.Show(seat) with { Role = set.Role }));
    }

    private static Decision ExpireSeat(ClusterState state, ParticipantCommand.ExpireSeat expire, in EntryContext entry)
    {
        if (FindSeat(state, expire.Room, expire.Identity, out var room, out var seat) is { } missing) return missing;
        if (seat.SeatId != expire.SeatId)
            return Failure.Precondition($"{expire.Identity} has seat {seat.SeatId} in room {expire.Room} now, not {expire.SeatId}");
        if (room.Record.SeatDueMs(seat) is not { } due)
            return Failure.Precondition(
                $"the seat of {expire.Identity} in room {expire.Room} does not expire: it is {room.Record.StatusOf(seat)}, the room is "
                + $"{room.Record.Status}");
        if (due > entry.Time.UnixMs)
            return Failure.Precondition($"the seat of {expire.Identity} in room {expire.Room} has {due - entry.Time.UnixMs} ms left");
        var events = new DecidedEvents(entry);
        events.Add(new ParticipantEvent.SeatExpired(expire.Room, expire.Identity, seat.SeatId));
        return Decision.Of(events, Show(room, room.Record.Show(seat)));
    }

    private static Failure? FindSeat(ClusterState state, RoomId id, ParticipantIdentity identity, out RoomState room, out Seat seat)
    {
        (room, seat) = (null!, null!);
        if ((NameRule.Check("room_id", id.Value) ?? NameRule.Check("identity", identity.Value)) is { } wrong) return wrong;
        if (state.FindRoom(id) is not { } found) return Failure.NotFound($"room {id}");
        if (!found.Seats.TryGet(identity, out var held)) return Failure.NotFound($"a seat of {identity} in room {id}");
        (room, seat) = (found, held);
        return null;
    }

    private static Failure? CheckRole(ParticipantRole role) => role is ParticipantRole.Publisher or ParticipantRole.Subscriber
        ? null
        : Failure.InvalidArgument($"role: {(byte)role} breaks the rule: 1 (publisher) or 2 (subscriber)");
}
