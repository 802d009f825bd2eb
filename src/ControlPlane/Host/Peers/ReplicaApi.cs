using System.Buffers.Binary;
using Grpc.Core;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Peers;

/// <summary>Between replicas: hashes at checkpoint marks, to the leader; segments of the event log, to who lacks them.</summary>
[RequireRole(Role.Replica)]
public class ReplicaApi(CheckpointLoop checkpoints, Leadership leadership, LeaderForwarder forwarder, SegmentServing segments,
    MemberChanges members, TimeProvider clock, RefusalRecorder refusals) : ReplicaService.ReplicaServiceBase
{
    public override async Task<ReportHashReply> ReportHash(ReportHashRequest request, ServerCallContext context)
    {
        if (!leadership.IsMine) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
        if (request.StateHash.Length != 16) throw FieldRules.Broken("state_hash", $"{request.StateHash.Length} bytes", "16 bytes");
        if (request.ChainHead.Length != Hash256.SizeBytes)
            throw FieldRules.Broken("chain_head", $"{request.ChainHead.Length} bytes", "32 bytes");
        if (request.MerkleRoot.Length != Hash256.SizeBytes)
            throw FieldRules.Broken("merkle_root", $"{request.MerkleRoot.Length} bytes", "32 bytes");
        var mark = new MarkedHash(request.MarkIndex, BinaryPrimitives.ReadUInt128BigEndian(request.StateHash.Span), request.EventSeq,
            new Hash256(request.ChainHead.Span), new Hash256(request.MerkleRoot.Span));
        return new ReportHashReply { NoMajority = !await checkpoints.ReportAsync(request.MemberId, mark, context.CancellationToken) };
    }

    /// <summary>A new replica asks for itself, so with a certificate it must be the one that the certificate names.</summary>
    public override Task<MembersReply> Join(AddMemberRequest request, ServerCallContext context)
    {
        FieldRules.RequestId(request.RequestId);
        var wanted = ClusterApi.ToRequest(request);
        var caller = context.GetCaller();
        if (caller.AuthMethod == AuthMethod.MutualTls && caller.Subject != $"replica/{wanted.Members[0]}")
            throw Model.Failure.Denied(
                $"{caller.Subject} asks to join as member {wanted.Members[0]}: a replica joins as the one that its certificate names")
                .ToRpcException();
        return members.RunAsync(request, request.RequestId, context, wanted,
            static (leader, r, options) => new ReplicaService.ReplicaServiceClient(leader).JoinAsync(r, options));
    }

    public override Task<ReadClockReply> ReadClock(ReadClockRequest request, ServerCallContext context) =>
        Task.FromResult(new ReadClockReply { WallMs = clock.GetUtcNow().ToUnixTimeMilliseconds() });

    public override Task<ReportRefusalReply> ReportRefusal(ReportRefusalRequest request, ServerCallContext context)
    {
        if (!leadership.IsMine) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
        refusals.Note(RefusalReport.Read(request));
        return Task.FromResult(new ReportRefusalReply());
    }

    public override async Task FetchSegment(FetchSegmentRequest request, IServerStreamWriter<SegmentChunk> responseStream,
        ServerCallContext context)
    {
        if (segments.Check(request) is { } refused) throw refused.ToRpcException();
        try
        {
            foreach (var chunk in segments.Read(request)) await responseStream.WriteAsync(chunk, context.CancellationToken);
        }
        catch (EventLogException e) { throw new RpcException(new Status(StatusCode.DataLoss, e.Message)); }
    }
}
