using Grpc.Core;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Watches;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Serves WatchRooms.</summary>
public sealed class RoomWatches(StateQueries queries, int bufferSize, ReplicaMetrics metrics)
    : Watches<RoomChange>(queries, bufferSize, metrics)
{
    private readonly HashSet<RoomId> _seen = []; // apply thread

    /// <summary>Rooms of watched nodes, so that a room that leaves is told to those who watch where it was. Apply thread.</summary>
    private readonly Dictionary<string, string> _shownAt = new(StringComparer.Ordinal);

    /// <param name="room">Only this room; empty for all.</param>
    /// <param name="node">Only rooms this node owns; a room that leaves it is sent once more, as it is then.</param>
    public Task ServeAsync(string room, string node, IServerStreamWriter<RoomChange> stream, CancellationToken cancellationToken)
    {
        var onNode = new HashSet<string>(StringComparer.Ordinal);
        var topic = room.Length > 0 ? WatchTopic.Named(room) : node.Length > 0 ? WatchTopic.OfNode(node) : WatchTopic.All;
        return ServeAsync(topic, (row, initial) =>
        {
            if (node.Length > 0 && !(row.Change.Room.NodeId == node ? onNode.Add(row.Name) || true : onNode.Remove(row.Name)))
                return Task.CompletedTask;
            if (initial && row.Change.Room.Status == V1.RoomStatus.Closed && room.Length == 0) return Task.CompletedTask;
            return stream.WriteAsync(initial ? new RoomChange { AppliedIndex = row.Index, Room = row.Change.Room, Initial = true }
                : row.Change, cancellationToken);
        }, cancellationToken);
    }

    protected override IEnumerable<Touched> Changed(IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        _seen.Clear();
        foreach (var applied in events)
        {
            var id = applied.Event switch { RoomEvent e => e.Room, ParticipantEvent e => e.Room, _ => default };
            if (id.Value is null || !_seen.Add(id) || state.FindRoom(id) is not { } room) continue;
            var node = NodeOf(room);
            _shownAt.Remove(room.Name, out var before);
            if (node.Length > 0 && IsWatched(WatchTopic.OfNode(node))) _shownAt[room.Name] = node;
            yield return new(room.Name, node, before ?? "");
        }
    }

    protected override Row RowOf(string name, ulong appliedIndex, ClusterState state) =>
        new(name, appliedIndex, new RoomChange { AppliedIndex = appliedIndex, Room = state.FindRoom(new RoomId(name))!.ToWire() });

    protected override void OnJoined(WatchTopic topic, ClusterState state)
    {
        if (topic.Node is not { } name || IsWatched(topic)) return;
        var left = _shownAt.Values.Distinct(StringComparer.Ordinal).Where(at => !IsWatched(WatchTopic.OfNode(at)))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (room, at) in _shownAt)
            if (left.Contains(at)) _shownAt.Remove(room); // those who watched there have left
        if (state.FindNode(new NodeId(name)) is not { } node) return;
        foreach (var room in node.Rooms.InOrder()) _shownAt[room.Name] = name;
    }

    protected override void OnUnwatched() => _shownAt.Clear();

    /// <summary>Rooms that are remembered for those who watch where they are.</summary>
    internal int Remembered => _shownAt.Count;

    protected override List<Row> List(ClusterState state, ulong index, WatchTopic topic, string after, int size)
    {
        if (topic.OnlyName is { } only) return after.Length == 0 && state.FindRoom(new RoomId(only)) is { } found ? [RowOf(found)] : [];
        var source = topic.Node is { } node ? state.FindNode(new NodeId(node))?.Rooms : state.Rooms;
        if (source is null) return [];
        return [.. (after.Length == 0 ? source.InOrder() : source.After(after)).Take(size).Select(RowOf)];

        Row RowOf(RoomState room) => new(room.Name, index, new RoomChange { AppliedIndex = index, Room = room.ToWire(), Initial = true });
    }

    private static string NodeOf(RoomState room) => room.Record.Phase == RoomPhase.Closed ? "" : room.Record.Owner?.Node.Value ?? "";
}
