using Grpc.Core;
using VideoScale.Consensus.Host;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Projections;

/// <summary>Serves WatchRooms.</summary>
public sealed class RoomWatches(IReplicatedLog log, StateQueries queries, int bufferSize, ReplicaMetrics metrics) : Watches<RoomChange>(log, queries, bufferSize, metrics)
{
    private readonly HashSet<RoomId> _seen = []; // apply thread

    /// <param name="room">Only this room; empty for all.</param>
    /// <param name="node">Only rooms this node owns; a room that leaves it is sent once more, as it is then.</param>
    public Task ServeAsync(string room, string node, IServerStreamWriter<RoomChange> stream, CancellationToken cancellationToken)
    {
        var onNode = new HashSet<string>(StringComparer.Ordinal);
        return ServeAsync((row, initial) =>
        {
            if (room.Length > 0 && row.Name != room) return Task.CompletedTask;
            if (node.Length > 0 && !(row.Change.Room.NodeId == node ? onNode.Add(row.Name) || true : onNode.Remove(row.Name))) return Task.CompletedTask;
            if (initial && row.Change.Room.Status == V1.RoomStatus.Closed && room.Length == 0) return Task.CompletedTask;
            return stream.WriteAsync(initial ? new RoomChange { AppliedIndex = row.Index, Room = row.Change.Room, Initial = true } : row.Change, cancellationToken);
        }, cancellationToken);
    }

    protected override IEnumerable<Row> Changed(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        _seen.Clear();
        foreach (var applied in events)
        {
            var id = applied.Event switch { RoomEvent e => e.Room, ParticipantEvent e => e.Room, _ => default };
            if (id.Value is null || !_seen.Add(id) || state.FindRoom(id) is not { } room) continue;
            yield return new(room.Name, appliedIndex, new RoomChange { AppliedIndex = appliedIndex, Room = room.ToWire() });
        }
    }

    protected override List<Row> List(ClusterState state, ulong index, string after, int size)
    {
        var rows = new List<Row>();
        foreach (var room in after.Length == 0 ? state.Rooms.InOrder() : state.Rooms.After(after))
        {
            rows.Add(new(room.Name, index, new RoomChange { AppliedIndex = index, Room = room.ToWire(), Initial = true }));
            if (rows.Count == size) break;
        }
        return rows;
    }
}
