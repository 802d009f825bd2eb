using Grpc.Core;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>Pools: operators' wishes through the log, listings from this replica's state, plans from whoever leads.</summary>
[RequireRole(Role.Viewer)]
internal sealed class FleetApi(Mutations mutations, StateQueries queries, ServingGate gate, Leadership leadership,
    LeaderForwarder forwarder, ScalingPlans plans, Reconciler? reconciler, LeaseClock clock) : FleetService.FleetServiceBase
{
    [RequireRole(Role.Operator)]
    public override Task<PoolReply> SetPolicy(SetPolicyRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), Reply,
            static (leader, r, options) => new FleetService.FleetServiceClient(leader).SetPolicyAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<PoolReply> ResumePool(ResumePoolRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), Reply,
            static (leader, r, options) => new FleetService.FleetServiceClient(leader).ResumePoolAsync(r, options));

    [RequireRole(Role.Operator)]
    public override Task<PoolReply> RemovePool(RemovePoolRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(), Reply,
            static (leader, r, options) => new FleetService.FleetServiceClient(leader).RemovePoolAsync(r, options));

    public override async Task<ListPoolsReply> ListPools(ListPoolsRequest request, ServerCallContext context)
    {
        gate.Check();
        return await queries.ReadAsync(request.Consistency.ToReadMode(), reconciler is not null, static (state, index, hasProvider) =>
        {
            var listed = new ListPoolsReply { AppliedIndex = index, HasProvider = hasProvider };
            foreach (var pool in state.Pools) listed.Pools.Add(pool.ToWire(state));
            return listed;
        }, context.CancellationToken);
    }

    public override async Task<GetPlanReply> GetPlan(GetPlanRequest request, ServerCallContext context)
    {
        gate.Check();
        FieldRules.Name("pool", request.Pool);
        if (!leadership.IsMine)
        {
            var (forwarded, reply) = await forwarder.TryForwardAsync(request, IncomingCall.Of(context),
                static (leader, r, options) => new FleetService.FleetServiceClient(leader).GetPlanAsync(r, options));
            if (forwarded) return reply!;
        }
        var isKnown = await queries.ReadNowAsync(request.Pool, static (state, _, pool) => state.FindPool(pool) is not null);
        if (!isKnown) throw Failure.NotFound($"pool {request.Pool}").ToRpcException();
        if (plans.Find(request.Pool) is not { } found)
            throw Failure.Unavailable($"there is no plan for pool {request.Pool} yet: its mode is off, or this leader has just begun")
                .ToRpcException();
        var (plan, atMs) = found;
        return new()
        {
            NeedMilliNodes = plan.Reason.NeedMilliNodes,
            ForecastMilliNodes = plan.Reason.ForecastMilliNodes,
            Desired = plan.Reason.Desired,
            Standing = plan.Reason.Standing,
            Why = plan.Reason.Why,
            Doing = plan.Words,
            AgeMs = (ulong)Math.Max(0, clock.NowMs - atMs),
            ProviderError = reconciler is null ? "this replica has no provider: --provider" : reconciler.ErrorOf(request.Pool),
        };
    }

    private static PoolReply Reply(CommandReply reply) => new() { Commit = reply.ToCommit() };
}
