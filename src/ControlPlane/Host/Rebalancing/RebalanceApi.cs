using Grpc.Core;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rebalancing;

/// <summary>Rebalancing: operators' wishes through the log, the plan from whoever leads.</summary>
[RequireRole(Role.Viewer)]
internal sealed class RebalanceApi(Mutations mutations, StateQueries queries, ServingGate gate, Leadership leadership,
    LeaderForwarder forwarder, RebalancePlan plan, LogTimeSource time) : RebalanceService.RebalanceServiceBase
{
    [RequireRole(Role.Operator)]
    public override Task<SetRebalancingReply> SetRebalancing(SetRebalancingRequest request, ServerCallContext context) =>
        mutations.RunAsync(request, request.RequestId, context, request.ToCommand(),
            static reply => new SetRebalancingReply { Commit = reply.ToCommit() },
            static (leader, r, options) => new RebalanceService.RebalanceServiceClient(leader).SetRebalancingAsync(r, options));

    public override async Task<GetRebalancingReply> GetRebalancing(GetRebalancingRequest request, ServerCallContext context)
    {
        gate.Check();
        if (!leadership.IsMine)
        {
            var (forwarded, answer) = await forwarder.TryForwardAsync(request, IncomingCall.Of(context),
                static (leader, r, options) => new RebalanceService.RebalanceServiceClient(leader).GetRebalancingAsync(r, options));
            if (forwarded) return answer!;
        }
        var reply = await queries.ReadNowAsync(time.Now.UnixMs, static (state, _, now) =>
        {
            var record = state.Rebalancing ?? RebalanceRecord.Initial;
            return new GetRebalancingReply
            {
                Settings = record.Settings.ToWire(),
                Moving = (uint)RebalanceDecider.Moving(state),
                BegunWithinMinute = (uint)record.BegunWithinMinute(now),
            };
        });
        if (plan.Last is not { } last) return reply;
        reply.Plan.AddRange(last.Moves.Select(move => move.Words));
        reply.PlanAgeMs = (ulong)last.Age.TotalMilliseconds;
        return reply;
    }
}
