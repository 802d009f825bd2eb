using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private ulong _pictures;

    /// <summary>A picture of now: copies references only. Rooms copy their seats before they change them next.</summary>
    public CapturedState Capture()
    {
        _pictures++;
        return new(this);
    }

    internal void BeginRestore(ClusterRecord cluster, ulong lastEventSeq, ulong lastEventIndex, LogTime lastTime) =>
        (Cluster, LastEventSeq, LastEventIndex, LastTime) = (cluster, lastEventSeq, lastEventIndex, lastTime);

    internal void RestoreNode(NodeRecord record)
    {
        var node = new NodeState(record);
        _nodes.Add(node);
        if (record.TakesRooms) NodesTakingRooms++;
        MarkDirty(node);
    }

    internal void RestoreRoom(RoomRecord record, SeatSet seats)
    {
        var room = new RoomState(record) { Seats = seats };
        foreach (var seat in seats.InOrder())
            if (seat.Role == ParticipantRole.Publisher) room.Publishers++;
        SeatCount += (ulong)seats.Count;
        _rooms.Add(room);
        MetadataBytes += record.Settings.Metadata.Length;
        if (record.Owner is { } owner)
        {
            (room.Home, room.Reserved) = (NodeOf(owner.Node), owner.Reservation);
            room.Home.Rooms.Add(room);
            Recharge(room);
        }
        if (record.Phase == RoomPhase.Closed) _closed.Add(new(record.ClosedAtMs, room));
        Reindex(room);
        MarkDirty(room);
    }

    internal void EndRestore()
    {
        var deadlines = new List<SeatDeadline>();
        foreach (var room in _rooms.InOrder())
            foreach (var seat in room.Seats.InOrder())
                if (room.Record.SeatDueMs(seat) is { } due)
                    deadlines.Add(new(due, room, room.Record.Owner!.Epoch, seat));
        deadlines.Sort(static (a, b) => a.DueMs != b.DueMs ? a.DueMs.CompareTo(b.DueMs) : a.Awaited.SeatId.CompareTo(b.Awaited.SeatId));
        foreach (var deadline in deadlines) _seatDeadlines.Enqueue(deadline);
    }
}
