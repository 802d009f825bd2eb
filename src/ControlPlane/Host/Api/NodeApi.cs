using Grpc.Core;
using VideoScale.ControlPlane.Host.Projections;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Media nodes: operators' commands through the log, listings from this replica's state with the load its leader measured.</summary>
[RequireRole(Role.Viewer)]
public sealed class NodeApi(Mutations mutations, StateQueries queries, NodeWatches watches, NodeLoads loads, ServingGate gate) : NodeService.NodeServiceBase
{
    [RequireRole(Role.Operator)]
    public override Task<NodeReply> CordonNode(CordonNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).CordonNodeAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<NodeReply> UncordonNode(UncordonNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToNodeReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).UncordonNodeAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<DrainNodeReply> DrainNode(DrainNodeRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), static reply => reply.ToDrainReply(),
            static (leader, r, options) => new NodeService.NodeServiceClient(leader).DrainNodeAsync(r, options));

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
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), 0, static (state, index, _) =>
        {
            var listed = new ListNodesReply { AppliedIndex = index };
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
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), new NodeId(request.NodeId),
            static (state, index, id) => state.FindNode(id) is { } node ? new GetNodeReply { Node = node.ToWire(), AppliedIndex = index } : null, context.CancellationToken)
            ?? throw Failure.NotFound($"node {request.NodeId}").ToRpcException();
        loads.Fill(reply.Node);
        return reply;
    }

    public override Task WatchNodes(WatchNodesRequest request, IServerStreamWriter<NodeChange> responseStream, ServerCallContext context)
    {
        gate.Check();
        FieldRules.OptionalName("node_id", request.NodeId);
        return watches.ServeAsync(request.NodeId, responseStream, context.CancellationToken);
    }
}
