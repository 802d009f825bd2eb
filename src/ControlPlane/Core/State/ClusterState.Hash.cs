using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private readonly EntityHasher _hasher = new();
    private readonly List<RoomState> _dirtyRooms = [];
    private readonly List<NodeState> _dirtyNodes = [];
    private UInt128 _hashSum;

    /// <summary>Hash of the whole domain. Costs what changed since it was last asked for.</summary>
    public UInt128 StateHash()
    {
        foreach (var room in _dirtyRooms)
        {
            room.IsDirty = false;
            var present = ReferenceEquals(FindRoom(room.Record.Id), room);
            var hash = present ? _hasher.Of(room.Record, room.Seats) : 0;
            _hashSum = unchecked(_hashSum - room.HashCounted + hash);
            room.HashCounted = hash;
        }
        foreach (var node in _dirtyNodes)
        {
            node.IsDirty = false;
            var present = ReferenceEquals(FindNode(node.Record.Id), node);
            var hash = present ? _hasher.Of(node.Record) : 0;
            _hashSum = unchecked(_hashSum - node.HashCounted + hash);
            node.HashCounted = hash;
        }
        _dirtyRooms.Clear();
        _dirtyNodes.Clear();
        return unchecked(_hashSum + _hasher.Of(Cluster) + _hasher.OfPosition(LastEventSeq, LastEventIndex, LastTime));
    }

    private void MarkDirty(RoomState room)
    {
        if (room.IsDirty) return;
        room.IsDirty = true;
        _dirtyRooms.Add(room);
    }

    private void MarkDirty(NodeState node)
    {
        if (node.IsDirty) return;
        node.IsDirty = true;
        _dirtyNodes.Add(node);
    }
}
