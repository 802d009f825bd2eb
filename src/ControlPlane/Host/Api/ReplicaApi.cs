using System.Buffers.Binary;
using Grpc.Core;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Forwarding;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Pipeline;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Between replicas: hashes at checkpoint marks, to the leader.</summary>
[RequireRole(Role.Replica)]
public class ReplicaApi(CheckpointLoop checkpoints, Leadership leadership, LeaderForwarder forwarder) : ReplicaService.ReplicaServiceBase
{
    public override async Task<ReportHashReply> ReportHash(ReportHashRequest request, ServerCallContext context)
    {
        if (!leadership.IsMine) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
        if (request.StateHash.Length != 16) throw FieldRules.Broken("state_hash", $"{request.StateHash.Length} bytes", "16 bytes");
        if (request.ChainHead.Length != Hash256.SizeBytes) throw FieldRules.Broken("chain_head", $"{request.ChainHead.Length} bytes", "32 bytes");
        if (request.MerkleRoot.Length != Hash256.SizeBytes) throw FieldRules.Broken("merkle_root", $"{request.MerkleRoot.Length} bytes", "32 bytes");
        var mark = new MarkedHash(request.MarkIndex, BinaryPrimitives.ReadUInt128BigEndian(request.StateHash.Span), request.EventSeq,
            new Hash256(request.ChainHead.Span), new Hash256(request.MerkleRoot.Span));
        return new ReportHashReply { NoMajority = !await checkpoints.ReportAsync(request.MemberId, mark, context.CancellationToken) };
    }
}
