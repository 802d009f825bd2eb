using Grpc.Core;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Nodes;

/// <summary>
/// Media nodes: operators' commands through the log, listings from this replica's state with the load its leader measured.
/// </summary>
[RequireRole(Role.Viewer)]
public sealed class NodeApi(Mutations mutations, StateQueries queries, NodeWatches watches, NodeLoads loads, LeaderAbsence absence,
    ServingGate gate, TimeSpan silentMajorityHold, Fleet fleet) : NodeService.NodeServiceBase
{
    /// <summary>Rooms of a node that are looked at for one answer.</summary>
    private const int MaxLookedAt = 2_000;

    [RequireRole(Role.Operator)]
    public override Task<NodeReply> CordonNode(CordonNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).CordonNodeAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<NodeReply> UncordonNode(UncordonNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).UncordonNodeAsync(r, options));

    [RequireRole(Role.Operator)]
    public override async Task<DrainNodeReply> DrainNode(DrainNodeRequest request, ServerCallContext context)
    {
        var isDraining = await queries.ReadNowAsync(new NodeId(request.NodeId),
            static (state, _, id) => state.FindNode(id)?.Record.Scheduling is ControlPlane.Nodes.NodeScheduling.Draining);
        return await mutations.RunAsync(request, request.RequestId, context, request.ToCommand(isDraining),
            static reply => reply.ToDrainReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).DrainNodeAsync(r, options));
    }

    [RequireRole(Role.Operator)]
    public override Task<NodeReply> CancelDrain(CancelDrainRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).CancelDrainAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<NodeReply> DeregisterNode(DeregisterNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).DeregisterNodeAsync(r, options));

    public override async Task<ListNodesReply> ListNodes(ListNodesRequest request, ServerCallContext context)
    {
        gate.Check();
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), silentMajorityHold, static (state, index, hold) =>
        {
            var listed = new ListNodesReply { AppliedIndex = index, Note = SilentMajority.Words(state, hold) };
            foreach (var node in state.Nodes.InOrder()) listed.Nodes.Add(node.ToWire());
            return listed;
        }, context.CancellationToken);
        foreach (var node in reply.Nodes) loads.Fill(node);
        return reply;
    }

    public override async Task<GetNodeReply> GetNode(GetNodeRequest request, ServerCallContext context)
    {
        gate.Check();
        FieldRules.Name("node_id", request.NodeId);
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), (Node: new NodeId(request.NodeId), Fleet: fleet),
            static (state, index, asked) => state.FindNode(asked.Node) is { } node
                ? new GetNodeReply { Node = Describe(node, asked.Fleet), AppliedIndex = index } : null, context.CancellationToken)
            ?? throw Failure.NotFound($"node {request.NodeId}").ToRpcException();
        loads.Fill(reply.Node);
        return reply;
    }

    private static Node Describe(NodeState node, Fleet fleet)
    {
        var described = node.ToWire();
        if (node.Record.Scheduling == ControlPlane.Nodes.NodeScheduling.Draining
            && DrainOutlook.Of(node, fleet, MaxLookedAt) is { } blocked)
            (described.DrainBlockedRooms, described.DrainBlocked) = (blocked.Rooms, $"{blocked.First}: {blocked.Why}");
        return described;
    }

    public override async Task WatchNodes(WatchNodesRequest request, IServerStreamWriter<NodeChange> responseStream,
        ServerCallContext context)
    {
        gate.Check();
        FieldRules.OptionalName("node_id", request.NodeId);
        absence.Check();
        await context.WriteResponseHeadersAsync([]); // it is served here: nobody need be asked beside
        await watches.ServeAsync(request.NodeId, responseStream, context.CancellationToken);
    }
}
