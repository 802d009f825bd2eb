using Grpc.Core;
using VideoScale.Consensus.Host;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Projections;

/// <summary>Serves WatchNodes: health, scheduling, and rooms that come and go.</summary>
public sealed class NodeWatches(IReplicatedLog log, StateQueries queries, int bufferSize, ReplicaMetrics metrics) : Watches<NodeChange>(log, queries, bufferSize, metrics)
{
    private readonly HashSet<NodeId> _seen = []; // apply thread

    /// <param name="node">Only this node; empty for all.</param>
    public Task ServeAsync(string node, IServerStreamWriter<NodeChange> stream, CancellationToken cancellationToken) =>
        ServeAsync((row, initial) => node.Length > 0 && row.Name != node ? Task.CompletedTask
            : stream.WriteAsync(initial && !row.Change.Initial ? new NodeChange { AppliedIndex = row.Index, Node = row.Change.Node, Initial = true } : row.Change, cancellationToken),
            cancellationToken);

    protected override IEnumerable<Row> Changed(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
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
            if (id.IsNone || !_seen.Add(id)) continue;
            yield return state.FindNode(id) is { } node
                ? new(id.Value, appliedIndex, new NodeChange { AppliedIndex = appliedIndex, Node = node.ToWire() })
                : new(id.Value, appliedIndex, new NodeChange { AppliedIndex = appliedIndex, Node = new Node { NodeId = id.Value }, Removed = true });
        }
    }

    protected override List<Row> List(ClusterState state, ulong index, string after, int size)
    {
        var rows = new List<Row>();
        foreach (var node in after.Length == 0 ? state.Nodes.InOrder() : state.Nodes.After(after))
        {
            rows.Add(new(node.Name, index, new NodeChange { AppliedIndex = index, Node = node.ToWire(), Initial = true }));
            if (rows.Count == size) break;
        }
        return rows;
    }
}
