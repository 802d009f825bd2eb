using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>A state, or a part of it, as JSON.</summary>
public static class StateView
{
    private const string RoomScope = "room/", NodeScope = "node/", PoolScope = "pool/";
    public const string ScopeRule = "room/NAME, node/NAME, pool/NAME, or empty for a summary";

    /// <summary>Says what is wrong with a scope; null when nothing is.</summary>
    public static Failure? Check(string scope)
    {
        if (scope.Length == 0) return null;
        if (scope.StartsWith(RoomScope, StringComparison.Ordinal)) return RoomName.Check("scope", scope[RoomScope.Length..]);
        if (scope.StartsWith(NodeScope, StringComparison.Ordinal)) return NameRule.Check("scope", scope[NodeScope.Length..]);
        if (scope.StartsWith(PoolScope, StringComparison.Ordinal)) return NameRule.Check("scope", scope[PoolScope.Length..]);
        return Failure.InvalidArgument($"scope: \"{TextLimits.Shown(scope)}\" breaks the rule: {ScopeRule}");
    }

    public static Answer<string> Render(ClusterState state, string scope)
    {
        if (scope.Length == 0) return JsonFieldSink.Render(sink => DescribeSummary(state, sink));
        if (scope.StartsWith(RoomScope, StringComparison.Ordinal))
        {
            var room = state.FindRoom(RoomName.Find(scope[RoomScope.Length..]));
            return room is null ? Failure.NotFound($"room {scope[RoomScope.Length..]} at event {state.LastEventSeq}")
                : JsonFieldSink.Render(sink => DescribeRoom(room, sink));
        }
        if (scope.StartsWith(PoolScope, StringComparison.Ordinal))
            return state.FindPool(scope[PoolScope.Length..]) is { } pool ? JsonFieldSink.Render(pool.Describe)
                : Failure.NotFound($"pool {scope[PoolScope.Length..]} at event {state.LastEventSeq}");
        var node = state.FindNode(new(scope[NodeScope.Length..]));
        return node is null ? Failure.NotFound($"node {scope[NodeScope.Length..]} at event {state.LastEventSeq}")
            : JsonFieldSink.Render(sink => DescribeNode(node, sink));
    }

    /// <summary>What is no room's and no node's.</summary>
    internal static string Cluster(ClusterState state) => JsonFieldSink.Render(sink =>
    {
        state.Cluster.Describe(sink);
        state.Cluster.Seal?.Describe(sink);
        state.Rebalancing?.Describe(sink);
        state.Keys?.Describe(sink);
    });

    private static void DescribeRoom(RoomState room, FieldSink sink)
    {
        sink.Choice("status", room.Record.Status);
        sink.Node("node", room.Record.ActiveNode);
        room.Describe(sink);
    }

    private static void DescribeNode(NodeState node, FieldSink sink)
    {
        node.Record.Describe(sink);
        node.Charged.Describe(sink);
        sink.BeginList("rooms", node.Rooms.Count);
        foreach (var room in node.Rooms.InOrder())
        {
            sink.BeginItem();
            sink.Room(room.Record.Id);
            sink.Choice("status", room.Record.Status);
            sink.Epoch(room.Record.LastEpoch);
            sink.EndItem();
        }
        sink.EndList();
    }

    private static void DescribeSummary(ClusterState state, FieldSink sink)
    {
        sink.Number("event_seq", state.LastEventSeq);
        sink.Number("log_index", state.LastEventIndex);
        sink.Signed("time_ms", state.LastTime.UnixMs);
        state.Cluster.Describe(sink);
        state.Cluster.Seal?.Describe(sink);
        sink.Number("seats", state.SeatCount);
        sink.Number("rooms_waiting", (ulong)state.WaitingCount);
        foreach (var status in Enum.GetValues<RoomStatus>())
            if (state.Rooms.InOrder().Count(room => room.Record.Status == status) is var count and > 0)
                sink.Number("rooms_" + status.ToString().ToLowerInvariant(), (ulong)count);
        sink.BeginList("nodes", state.Nodes.Count);
        foreach (var node in state.Nodes.InOrder())
        {
            sink.BeginItem();
            sink.Node(node.Record.Id);
            sink.Choice("health", node.Record.Health);
            sink.Choice("scheduling", node.Record.Scheduling);
            sink.Number("rooms", (ulong)node.Rooms.Count);
            sink.EndItem();
        }
        sink.EndList();
        state.Rebalancing?.Settings.Describe(sink);
        state.Keys?.Describe(sink);
        if (state.Pools.Count == 0) return;
        sink.BeginList("pools", state.Pools.Count);
        foreach (var pool in state.Pools)
        {
            sink.BeginItem();
            sink.Text("pool", pool.Pool);
            sink.Choice("mode", pool.Policy.Mode);
            sink.Number("instances", (ulong)pool.Instances.Length);
            sink.Text("suspended", pool.Suspended);
            sink.EndItem();
        }
        sink.EndList();
    }
}
