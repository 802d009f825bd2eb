using Grpc.Core;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Watches;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Nodes;

/// <summary>Serves WatchNodes: health, scheduling, and rooms that come and go.</summary>
public sealed class NodeWatches(StateQueries queries, int bufferSize, ReplicaMetrics metrics)
    : Watches<NodeChange>(queries, bufferSize, metrics)
{
    private readonly HashSet<NodeId> _seen = []; // apply thread

    /// <param name="node">Only this node; empty for all.</param>
    public Task ServeAsync(string node, IServerStreamWriter<NodeChange> stream, CancellationToken cancellationToken) =>
        ServeAsync(node.Length > 0 ? WatchTopic.Named(node) : WatchTopic.All,
            (row, initial) => stream.WriteAsync(initial && !row.Change.Initial ? new NodeChange
            {
                AppliedIndex = row.Index,
                Node = row.Change.Node,
                Initial = true
            } : row.Change, cancellationToken),
            cancellationToken);

    protected override IEnumerable<Touched> Changed(IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        _seen.Clear();
        foreach (var applied in events)
        {
            var id = applied.Event switch
            {
                NodeEvent e => e.Node,
                DrainEvent e => e.Node,
                RoomEvent.Placed e => e.Node,
                RoomEvent.Released e => e.Node,
                _ => default,
            };
            if (!id.IsNone && _seen.Add(id)) yield return new(id.Value);
        }
    }

    protected override Row RowOf(string name, ulong appliedIndex, ClusterState state) => state.FindNode(new NodeId(name)) is { } node
        ? new(name, appliedIndex, new NodeChange { AppliedIndex = appliedIndex, Node = node.ToWire() })
        : new(name, appliedIndex, new NodeChange { AppliedIndex = appliedIndex, Node = new Node { NodeId = name }, Removed = true });

    protected override List<Row> List(ClusterState state, ulong index, WatchTopic topic, string after, int size)
    {
        if (topic.OnlyName is { } only) return after.Length == 0 && state.FindNode(new NodeId(only)) is { } found ? [RowOf(found)] : [];
        return [.. (after.Length == 0 ? state.Nodes.InOrder() : state.Nodes.After(after)).Take(size).Select(RowOf)];

        Row RowOf(NodeState node) => new(node.Name, index, new NodeChange { AppliedIndex = index, Node = node.ToWire(), Initial = true });
    }
}
