using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private readonly FieldHasher _hasher = new();
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
            var hash = present ? HashOf(room) : 0;
            _hashSum = unchecked(_hashSum - room.HashCounted + hash);
            room.HashCounted = hash;
        }
        foreach (var node in _dirtyNodes)
        {
            node.IsDirty = false;
            var present = ReferenceEquals(FindNode(node.Record.Id), node);
            var hash = present ? HashOf(node) : 0;
            _hashSum = unchecked(_hashSum - node.HashCounted + hash);
            node.HashCounted = hash;
        }
        _dirtyRooms.Clear();
        _dirtyNodes.Clear();
        return unchecked(_hashSum + HashOfCluster() + HashOfPosition() + HashOfWebhooks());
    }

    /// <summary>A room with its seats.</summary>
    private UInt128 HashOf(RoomState room)
    {
        var seats = room.Seats.HashSum(_hasher);
        var sink = _hasher.Begin('r');
        room.Record.Describe(sink);
        sink.Hash("seats", seats);
        room.Record.Details?.Describe(sink);
        return _hasher.End();
    }

    private UInt128 HashOf(NodeState node)
    {
        node.Record.Describe(_hasher.Begin('n'));
        return _hasher.End();
    }

    private UInt128 HashOfCluster()
    {
        var sink = _hasher.Begin('c');
        Cluster.Describe(sink);
        Cluster.Seal?.Describe(sink);
        if (_pools.Count > 0) sink.Number("pools", (ulong)_pools.Count); // states of before had none
        foreach (var pool in _pools.Values) pool.Describe(sink);
        Rebalancing?.Describe(sink);
        Keys?.Describe(sink);
        return _hasher.End();
    }

    /// <summary>0 where there are none: a state of before has the hash that it had.</summary>
    private UInt128 HashOfWebhooks()
    {
        UInt128 sum = 0;
        foreach (var webhook in Webhooks)
        {
            webhook.Describe(_hasher.Begin('w'));
            sum = unchecked(sum + _hasher.End());
        }
        return sum;
    }

    private UInt128 HashOfPosition()
    {
        var sink = _hasher.Begin('p');
        sink.Number("event_seq", LastEventSeq);
        sink.Number("index", LastEventIndex);
        sink.Signed("time", LastTime.UnixMs);
        return _hasher.End();
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
