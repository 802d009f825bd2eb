using Grpc.Core;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>The end of the log, so that another engine's can go on after it.</summary>
public sealed partial class ClusterApi
{
    private GetStatusReply WithSeal(GetStatusReply reply, LogSeal? seal, Consensus.ReplicaStatus status)
    {
        if (seal is null) return reply;
        (reply.SealedIndex, reply.SealedFor) = (seal.Index, seal.Engine);
        reply.ReadyToMove = status.SnapshotIndex >= seal.Index && events.DurableRaftIndex >= seal.Index;
        return reply;
    }

    [RequireRole(Role.Admin)]
    public override async Task<SealLogReply> SealLog(SealLogRequest request, ServerCallContext context)
    {
        var requestId = RequestId(request.RequestId);
        FieldRules.Name("engine", request.Engine);
        using var sealing = members.Exclusion.TrySeal();
        var status = log.Status;
        if (sealing is null || status.Membership.IsJoint || status.MembershipIndex > status.CommitIndex)
            throw Failure.Precondition("a change of members is under way: seal the log once it is done").ToRpcException();
        return await mutations.RunAsync(request, requestId, context, new ClusterCommand.SealLog(request.Engine),
            static reply => new SealLogReply { Commit = reply.ToCommit() },
            static (leader, r, options) => new ClusterService.ClusterServiceClient(leader).SealLogAsync(r, options));
    }
}
