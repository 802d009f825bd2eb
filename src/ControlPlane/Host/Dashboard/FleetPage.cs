using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Dashboard;

internal sealed record ReplicaRow(string Address, bool IsLeader, bool IsSelf);
/// <param name="Headroom">Share of the tightest capacity that is free as placement sees it, 0 to 1.</param>
internal sealed record NodeRow(string Name, string Health, string Scheduling, int Rooms, string Media, double Headroom);
internal sealed record RoomRow(string Name, string Status, string Node, string Epoch, uint Participants);
internal sealed record FleetState(ulong AppliedIndex, string Engine, IReadOnlyList<ReplicaRow> Replicas, IReadOnlyList<NodeRow> Nodes,
    IReadOnlyList<RoomRow> Rooms, IReadOnlyList<string> Pools, int Waiting);

/// <summary>The fleet as the page shows it: this replica's state, and loads where the agents are attached.</summary>
internal sealed class FleetPage(StateQueries queries, Leadership leadership, MemberBook book, NodeLoads loads, Fleet fleet, string engine)
{
    private const int MostRooms = 200;

    internal async Task<FleetState> ReadAsync()
    {
        var leader = leadership.Now.Leader;
        var (index, nodes, rooms, pools, waiting) = await queries.ReadNowAsync((Loads: loads, Fleet: fleet), static (state, index, known) =>
            (index,
            state.Nodes.InOrder().Select(node => Describe(node, known.Loads, known.Fleet)).ToArray(),
            state.Rooms.InOrder().Where(room => room.Record.Phase != RoomPhase.Closed).Take(MostRooms).Select(Describe).ToArray(),
            state.Pools.Select(pool => Describe(pool, state)).ToArray(), state.WaitingCount));
        return new FleetState(index, engine, [.. book.Peers.Select(peer => new ReplicaRow(peer.HttpAddress, peer.Member == leader,
            peer.Member == book.Self))], nodes, rooms, pools, waiting);
    }

    private static NodeRow Describe(NodeState node, NodeLoads loads, Fleet fleet)
    {
        // Only the leader hears the agents.
        var media = loads.Find(node.Name, node.Record.Incarnation) is { } known
            ? $"{known.Load.IngressKbps / 1000.0:0.0} in, {known.Load.EgressKbps / 1000.0:0.0} out Mbit/s, CPU "
                + $"{known.Load.CpuPermille / 10.0:0} %"
            : "";
        return new NodeRow(node.Name, node.Record.Health.ToString(), node.Record.Scheduling.ToString(), node.Rooms.Count, media,
            (fleet.HeadroomPermille(node.Record.Id) ?? 0) / 1000.0);
    }

    private static RoomRow Describe(RoomState room) =>
        new(room.Record.ShownName, room.Record.Status.ToString(), room.Record.Owner?.Node.Value ?? "", room.Record.LastEpoch.ToString(),
            room.Participants);

    private static string Describe(PoolRecord pool, ClusterState state)
    {
        var takesPart = pool.Instances.Count(each => !each.IsReleased && state.FindNode(each.Key) is { Record.IsGone: false });
        var coming = pool.Instances.Count(each => each.Status != InstanceStatus.Terminating && state.FindNode(each.Key) is null);
        var going = pool.Instances.Count(each => each.IsReleased || each.Status == InstanceStatus.Terminating);
        return $"Pool {pool.Pool}: {takesPart} of {pool.Policy.Min} to {pool.Policy.Max} nodes"
            + (coming > 0 ? $"; {coming} being launched" : "") + (going > 0 ? $"; {going} leaving" : "")
            + (pool.Suspended.Length > 0 ? $"; launches nothing: {pool.Suspended}" : "");
    }
}
