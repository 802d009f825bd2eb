using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rooms;

public enum RoomPhase : byte { None = 0, Open = 1, Closing = 2, Closed = 3 }

/// <summary>A room as the fold of its events, without its seats. Immutable: a change replaces it.</summary>
/// <param name="CreatedSeq">event_seq of RoomCreated: tells lives of one name apart.</param>
/// <param name="LastEpoch">Epoch of the current or last ownership; none when it never had an owner. Kept over lives of the name.</param>
/// <param name="LastNode">Owner of that epoch.</param>
/// <param name="Cause">What made a (next) placement necessary: RoomCreated, MediaNodeLost, DrainStarted, RoomMoveRequested or
/// RoomReleased.</param>
/// <param name="Why">The same in one word, for the decision.</param>
/// <param name="Target">Where it shall go next; none to let placement choose.</param>
/// <param name="LastDecision">The last PlacementDecided or PlacementFailed.</param>
/// <param name="PlacementFailedRecorded">A failure was recorded for the present wait.</param>
/// <param name="EmptySinceMs">Log time since which it has no seats; -1 when it has some.</param>
/// <param name="Details">Null where nobody said more than the settings.</param>
public sealed record RoomRecord(
    RoomId Id, RoomPhase Phase, RoomSettings Settings, ulong CreatedSeq, long CreatedAtMs, Ownership? Owner, Epoch LastEpoch,
        NodeId LastNode,
    EventRef Cause, PlacementReason Why, NodeId Target, EventRef LastDecision, bool PlacementFailedRecorded, long EmptySinceMs,
        long ClosedAtMs, CloseReason CloseReason,
    RoomDetails? Details = null)
{
    public RoomStatus Status => (Phase, Owner) switch
    {
        (RoomPhase.Open, null) => RoomStatus.Unplaced,
        (RoomPhase.Open, { IsRevoked: false }) => RoomStatus.Active,
        (RoomPhase.Open, _) => RoomStatus.Revoking,
        (RoomPhase.Closing, _) => RoomStatus.Closing,
        _ => RoomStatus.Closed,
    };

    public bool IsOpen => Phase == RoomPhase.Open;

    /// <summary>The node clients are sent to; none unless the room is active.</summary>
    public NodeId ActiveNode => Status == RoomStatus.Active ? Owner!.Node : new("");

    /// <summary>Log time at which an empty room may be closed; null when it never is.</summary>
    public long? CloseDueMs => IsOpen && EmptySinceMs >= 0 && CloseAfterMs > 0 ? EmptySinceMs + (long)CloseAfterMs : null;

    /// <summary>How long it stays open while it is empty; 0 for ever.</summary>
    public ulong CloseAfterMs =>
        Details is { WasJoined: true, DepartureTimeoutMs: > 0 and var departure } ? departure : Settings.EmptyTimeoutMs;

    /// <summary>What its users call it.</summary>
    public string ShownName => Details?.Name ?? Id.Value;

    /// <summary>Joined only under the current ownership.</summary>
    public SeatStatus StatusOf(Seat seat) =>
        Owner is { } owner && seat.JoinedEpoch == owner.Epoch ? SeatStatus.Joined : SeatStatus.Admitted;

    /// <summary>
    /// Log time at which an untaken seat may be freed; null when it is taken, or when there is no owner that could let anyone in.
    /// </summary>
    public long? SeatDueMs(Seat seat) => Status == RoomStatus.Active && StatusOf(seat) == SeatStatus.Admitted
        ? Math.Max(seat.AdmittedAtMs, Owner!.PlacedAtMs) + Seat.JoinWithinMs
        : null;

    public SeatOutcome Show(Seat seat) => new(seat.Identity, seat.Role, StatusOf(seat), seat.SeatId, seat.AdmittedAtMs);

    /// <summary>Without the details: whoever writes them does so behind everything else of the room.</summary>
    public void Describe(FieldSink sink)
    {
        sink.Room(Id);
        sink.Choice("phase", Phase);
        Settings.Describe(sink);
        sink.Number("created_seq", CreatedSeq);
        sink.Signed("created_at_ms", CreatedAtMs);
        sink.Epoch("last_epoch", LastEpoch);
        sink.Node("last_node", LastNode);
        Cause.Describe(sink, "cause");
        sink.Choice("why", Why);
        sink.Node("target", Target);
        LastDecision.Describe(sink, "last_decision");
        sink.Flag("placement_failed_recorded", PlacementFailedRecorded);
        sink.Signed("empty_since_ms", EmptySinceMs);
        sink.Signed("closed_at_ms", ClosedAtMs);
        sink.Choice("close_reason", CloseReason);
        sink.BeginList("owner", Owner is null ? 0 : 1);
        if (Owner is not null)
        {
            sink.BeginItem();
            Owner.Describe(sink);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static RoomRecord Read(ref CanonicalReader r)
    {
        var id = new RoomId(r.ReadString());
        var phase = (RoomPhase)r.ReadByte();
        var settings = RoomSettings.Read(ref r);
        var (createdSeq, createdAt) = (r.ReadUInt64(), r.ReadInt64());
        var (epoch, node) = (new Epoch(r.ReadUInt64()), new NodeId(r.ReadString()));
        var (cause, why, target) = (EventRef.Read(ref r), (PlacementReason)r.ReadByte(), new NodeId(r.ReadString()));
        var (decision, failed) = (EventRef.Read(ref r), r.ReadBool());
        var (empty, closed, reason) = (r.ReadInt64(), r.ReadInt64(), (CloseReason)r.ReadByte());
        var owner = r.ReadCount(1) == 0 ? null : Ownership.Read(ref r);
        return new(id, phase, settings, createdSeq, createdAt, owner, epoch, node, cause, why, target, decision, failed, empty, closed,
            reason);
    }
}
