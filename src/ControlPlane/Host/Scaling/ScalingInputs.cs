using System.Collections.Immutable;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Scaling;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>What the scaling law is asked, out of state, telemetry and time. Apply thread.</summary>
/// <param name="useOf">What counts as used of a node.</param>
/// <param name="loadOf">What a process of a node measured of itself, and how long ago.</param>
internal sealed class ScalingInputs(Func<NodeId, NodeUse?> useOf, Func<NodeRecord, (V1.Load Load, TimeSpan Age)?> loadOf)
{
    internal ScalingInputs(Fleet fleet, NodeLoads loads)
        : this(fleet.UseOf, record => loads.Find(record.Id.Value, record.Incarnation)) { }

    /// <summary>Rooms that wait for a node are counted up to so many.</summary>
    private const int MostWaiting = 2_000;
    /// <summary>A launch that nobody has seen yet is thought to take so long.</summary>
    private const long UnknownLeadMs = 60_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    internal ScalingInput Of(ClusterState state, PoolRecord pool, long nowMs, long logNowMs)
    {
        var nodes = ImmutableArray.CreateBuilder<PoolNode>();
        long lead = 0;
        foreach (var instance in pool.Instances)
        {
            var node = state.FindNode(instance.Key);
            nodes.Add(Of(instance, node, logNowMs));
            if (node is not null) lead = Math.Max(lead, node.Record.RegisteredAtMs - instance.RequestedAtMs);
        }
        var instances = state.Pools.SelectMany(each => each.Instances).Select(each => each.Key).ToHashSet();
        foreach (var node in state.Nodes.InOrder())
            if ((pool.Policy.Region.Length == 0 || node.Record.Description.Region == pool.Policy.Region)
                && !instances.Contains(node.Record.Id)) nodes.Add(Of(node, false, false, 0));
        var (waiting, rooms) = (Reservation.Nothing, 0u);
        foreach (var room in state.WaitingForPlacement().Take(MostWaiting))
        {
            var request = PlacementInputs.For(room);
            if (request.Region.Length > 0 && pool.Policy.Region.Length > 0 && request.Region != pool.Policy.Region) continue;
            (waiting, rooms) = (waiting + request.Need, rooms + 1);
        }
        return new(pool, nodes.ToImmutable(), FreeKeys(state, pool), waiting, rooms, lead == 0 ? UnknownLeadMs : lead, nowMs, logNowMs);
    }

    /// <summary>A node that somebody started by hand may have the name already.</summary>
    private static ImmutableArray<NodeId> FreeKeys(ClusterState state, PoolRecord pool)
    {
        var keys = ImmutableArray.CreateBuilder<NodeId>();
        for (var number = pool.Launched + 1; keys.Count < ScalingLaw.MostAtOnce((uint)pool.Instances.Length); number++)
            if (pool.KeyOf(number) is var key && state.FindNode(key) is null) keys.Add(key);
        return keys.ToImmutable();
    }

    private PoolNode Of(InstanceRecord instance, NodeState? node, long logNowMs)
    {
        var waited = logNowMs - instance.RequestedAtMs;
        if (node is null)
            return new(instance.Key, true,
                instance.Status == InstanceStatus.Terminating ? PoolNodeStanding.Terminating : PoolNodeStanding.Booting, false, default,
                null, 0, 0, false, false, 0, waited);
        var known = Of(node, true, instance.IsReleased, waited);
        return instance.Status == InstanceStatus.Terminating ? known with { Standing = PoolNodeStanding.Terminating } : known;
    }

    private PoolNode Of(NodeState node, bool isOurs, bool isReleased, long waitedMs)
    {
        var record = node.Record;
        var measured = loadOf(record);
        var fresh = measured is { } known && known.Age <= Fresh;
        var load = fresh ? measured!.Value.Load : null;
        var standing = record.IsGone ? PoolNodeStanding.Gone : record.Scheduling switch
        {
            NodeScheduling.Draining => PoolNodeStanding.Leaving,
            NodeScheduling.Drained => PoolNodeStanding.Drained,
            _ => PoolNodeStanding.Open,
        };
        return new(record.Id, isOurs, standing, isReleased, record.Capacity, useOf(record.Id), (uint)node.Rooms.Count,
            node.Actual.Subscribers, fresh, load is { Rooms: 0, Publishers: 0, Subscribers: 0 }, load?.PacketQueueUs ?? 0, waitedMs);
    }
}
