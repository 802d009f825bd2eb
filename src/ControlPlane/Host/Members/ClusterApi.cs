using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>The replicas themselves: how this one sees the cluster, who shall lead, snapshots.</summary>
[RequireRole(Role.Viewer)]
public sealed partial class ClusterApi(IReplicatedLog log, Leadership leadership, LeaderForwarder forwarder, StateQueries queries,
    ControlPlaneStateMachine machine,
    EventLog.EventLog events, MemberBook book, MemberChanges members, ServingGate gate, LogTimeSource time, ClockExchange clocks,
        TlsMaterial? tls, Mutations mutations) : ClusterService.ClusterServiceBase
{
    private static readonly string Version = typeof(ClusterApi).Assembly.GetName().Version?.ToString(3) ?? "";

    private sealed record Hashed(ulong Index, ulong EventSeq, byte[] ChainHead, UInt128 StateHash, ulong Checkpoint, ushort Generation,
        LogSeal? Seal);

    /// <summary>Answers without a quorum, and while quarantined: it is what an operator asks when something is wrong.</summary>
    public override async Task<GetStatusReply> GetStatus(GetStatusRequest request, ServerCallContext context)
    {
        var hashed = await queries.ReadNowAsync((machine, events), static (state, index, at) =>
            new Hashed(index, at.events.NextSeq - 1, at.events.ChainHead.ToArray(), at.machine.StateHash(), state.Cluster.Checkpoint.Index,
                state.Cluster.Generation, state.Cluster.Seal));
        var status = log.Status;
        var stateHash = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(stateHash, hashed.StateHash);
        var reply = new GetStatusReply
        {
            ClusterId = book.ClusterId,
            MemberId = status.Self.Value,
            Role = (V1.ReplicaRole)status.Role,
            Term = status.Term,
            LeaderId = status.Leader.Value,
            LeaderAddress = book.Find(status.Leader)?.GrpcAddress ?? "",
            CommitIndex = status.CommitIndex,
            AppliedIndex = status.AppliedIndex,
            DurableIndex = status.DurableIndex,
            FirstIndex = status.FirstIndex,
            SnapshotIndex = status.SnapshotIndex,
            EventSeq = hashed.EventSeq,
            ChainHead = ByteString.CopyFrom(hashed.ChainHead),
            StateHash = ByteString.CopyFrom(stateHash),
            HashedAtIndex = hashed.Index,
            Version = Version,
            EventFloor = hashed.EventSeq == 0 ? 0 : events.Reader.Floor,
            Quarantined = gate.IsQuarantined,
            CheckpointIndex = hashed.Checkpoint,
            MembershipIndex = status.MembershipIndex,
            Joint = status.Membership.IsJoint,
            LastIndex = status.LastIndex,
            Repairing = status.Quarantined,
            Generation = hashed.Generation,
            LogTimeMs = time.Now.UnixMs,
            LogTimeAheadMs = time.AheadMs ?? 0,
            Engine = log.EngineName,
            CertificateExpiresAtMs = tls is null ? 0 : new DateTimeOffset(tls.Expiry.Until).ToUnixTimeMilliseconds(),
        };
        if (status.StandsAside is { } aside) reply.Notices.Add(aside);
        reply.Notices.Add(status.Notices);
        if (tls?.Expiry.Warning(DateTimeOffset.UtcNow) is { } warning) reply.Notices.Add(warning);
        foreach (var peer in book.PeersOf(status.Membership)) reply.Replicas.Add(Describe(peer, status));
        var differences = clocks.Differences;
        reply.ClocksAgree = differences.Count > 0;
        foreach (var replica in reply.Replicas)
            foreach (var known in differences)
                if (known.Member.Value == replica.MemberId) (replica.ClockKnown, replica.ClockDifferenceMs) = (true, known.DifferenceMs);
        return WithSeal(reply, hashed.Seal, status);
    }

    [RequireRole(Role.Admin)]
    public override async Task<TransferLeadershipReply> TransferLeadership(TransferLeadershipRequest request, ServerCallContext context)
    {
        gate.Check();
        var target = new MemberId(request.TargetMemberId);
        if (!target.IsNone && !log.Status.Membership.Voters.Contains(target))
            throw FieldRules.Broken("target_member_id", request.TargetMemberId.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "0, or the member id of a voter");
        if (!target.IsNone && !log.Capabilities.HasFlag(LogCapabilities.Transfer))
            throw Failure.Precondition(
                $"the engine \"{log.EngineName}\" cannot hand leadership to a member that is named: leave the target out, and the others "
                    + $"elect one")
                .ToRpcException();
        if (!leadership.IsMine)
        {
            var (forwarded, answer) = await forwarder.TryForwardAsync(request, IncomingCall.Of(context),
                static (leader, r, options) =>
                    new ClusterService.ClusterServiceClient(leader).TransferLeadershipAsync(r, options), repeatable: false);
            if (forwarded) return answer!;
        }
        var before = leadership.Now;
        if (target == log.Status.Self) return new TransferLeadershipReply { LeaderId = target.Value, Term = before.Term };
        try
        {
            await log.TransferLeadershipAsync(target, context.CancellationToken);
            while (leadership.Now is var now && (now.Leader.IsNone || now.Leader == before.Leader))
                await leadership.WaitForChangeAsync(now, context.CancellationToken);
        }
        catch (TimeoutException e) { throw Failure.Unavailable($"leadership was not handed over in time: {e.Message}").ToRpcException(); }
        return new TransferLeadershipReply { LeaderId = leadership.Now.Leader.Value, Term = leadership.Now.Term };
    }

    [RequireRole(Role.Admin)]
    public override async Task<CreateSnapshotReply> CreateSnapshot(CreateSnapshotRequest request, ServerCallContext context)
    {
        gate.Check();
        var made = await log.CreateSnapshotAsync(context.CancellationToken);
        return new CreateSnapshotReply { Index = made.Index, Bytes = made.Bytes, FirstIndex = made.FirstIndex };
    }

    private static V1.Replica Describe(ReplicaPeer peer, ReplicaStatus status)
    {
        var progress = status.Progress.FirstOrDefault(p => p.Member == peer.Member);
        var leads = status.Role == Consensus.ReplicaRole.Leader;
        return new V1.Replica
        {
            HttpAddress = peer.HttpAddress,
            Role = RoleOf(peer.Member, status.Membership),
            LagEntries = leads ? status.LastIndex - Math.Min(status.LastIndex, progress.MatchIndex) : 0,
            Snapshotting = progress.Snapshotting,
            Repairing = peer.Member == status.Self ? status.Quarantined : progress.Repairing,
            MemberId = peer.Member.Value,
            RaftAddress = peer.RaftAddress,
            GrpcAddress = peer.GrpcAddress,
            Voter = status.Membership.IsVoter(peer.Member),
            Leader = status.Leader == peer.Member,
            MatchIndex = progress.MatchIndex,
            SilentMs = peer.Member == status.Self ? 0 : (uint)Math.Clamp(progress.Silent.TotalMilliseconds, 0, uint.MaxValue),
        };
    }

    private static MemberRole RoleOf(MemberId member, Membership now)
    {
        if (now.Voters.Contains(member)) return MemberRole.Voter;
        if (now.OutgoingVoters.Contains(member)) return MemberRole.Leaving;
        return now.Learners.Contains(member) ? MemberRole.Learner : MemberRole.Unspecified;
    }
}
