using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>What somebody wants of the members.</summary>
/// <param name="Members">In ascending order.</param>
/// <param name="Address">Of the one that is added.</param>
/// <param name="Force">Without asking whether the result lives.</param>
public sealed record MemberRequest(MemberChangeKind Kind, IReadOnlyList<MemberId> Members, MemberAddress? Address = null,
    bool Force = false);

/// <summary>
/// Carries out requests for other members, each once: the request itself is a command of the log, under its request id. A membership that
/// came after it in the log either is what it wanted, or somebody else's, and then it is not tried again.
/// </summary>
public sealed class MemberChanges(IReplicatedLog log, Leadership leadership, Mutations mutations, MemberBook book, ElectionTiming timing,
    ILogDirectory directory)
{
    /// <summary>For a learner to catch up within one call; the caller asks again, and sees how far it is.</summary>
    private static readonly TimeSpan CatchUpWait = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>No seal is proposed while members change.</summary>
    internal SealExclusion Exclusion { get; } = new();

    /// <param name="call">How the leader is called when it is another replica.</param>
    public async Task<MembersReply> RunAsync<TRequest>(TRequest request, string requestId, ServerCallContext context, MemberRequest wanted,
        Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<MembersReply>> call) where TRequest : class, IMessage
    {
        if (!log.Capabilities.HasFlag(LogCapabilities.Membership))
            throw Failure.Precondition(
                $"the engine \"{log.EngineName}\" cannot change the members of a cluster that runs: its founding members stay. Members "
                    + $"come and "
                + "go with the engine \"native\"").ToRpcException();
        using var running = Exclusion.TryChange() ?? throw Failure.Unavailable("the log is being sealed: no members change then")
            .ToRpcException();
        CommandReply? here = null;
        var address = wanted.Address is { } a ? $"{a.Raft} {a.Api} {a.Http}".TrimEnd() : "";
        var command = new ClusterCommand.RequestMemberChange(wanted.Kind, string.Join(',', wanted.Members), address);
        var forwarded = await mutations.RunAsync(request, requestId, context, command, reply =>
        {
            here = reply;
            return new MembersReply();
        }, call);
        if (here is null) return forwarded;
        var done = await CarryOutAsync(here.Index, wanted, context.CancellationToken);
        done.Commit = here.ToCommit();
        return done;
    }

    /// <param name="requestIndex">Where the request stands in the log.</param>
    private async Task<MembersReply> CarryOutAsync(ulong requestIndex, MemberRequest wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (cancellationToken.IsCancellationRequested) throw Unfinished("the call's time is up");
            var status = log.Status;
            if (!leadership.IsMine && status.Role != Consensus.ReplicaRole.Leader) throw Unfinished("leadership moved");
            if (status.Membership.IsJoint || status.MembershipIndex > status.CommitIndex)
            {
                await Task.Delay(Poll, CancellationToken.None);
                continue;
            }
            if (Holds(status.Membership, wanted)) return Describe(status, done: true);
            if (status.MembershipIndex > requestIndex)
                throw Failure.Precondition(
                    $"the members changed at log index {status.MembershipIndex}, after this request at {requestIndex}; nothing more was "
                    + $"done: look at them and ask with a new request_id").ToRpcException();
            if (Refusal(status.Membership, wanted) is { } refused) throw refused.ToRpcException();
            var change = Change(status.Membership, wanted);
            if (await UnfitAsync(status.Membership, change, wanted, cancellationToken) is { } unfit) throw unfit.ToRpcException();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(CatchUpWait);
            var result = await log.ChangeMembershipAsync(change, status.MembershipIndex, limit.Token);
            switch (result.Outcome)
            {
                case Outcome.Committed: return await SettledAsync(result.ConfigIndex);
                case Outcome.Unknown when limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested:
                    return Describe(log.Status, done: false, wanted);
                case Outcome.Unknown: throw Unfinished(result.Reason);
                // another change is under way, or one has just come in between: look again
                default: await Task.Delay(Poll, CancellationToken.None); break;
            }
        }
    }

    /// <summary>Asked of the world outside, just before the change: whether what comes of it lives.</summary>
    private async Task<Failure?> UnfitAsync(Membership now, MembershipChange change, MemberRequest wanted,
        CancellationToken cancellationToken)
    {
        if (wanted.Force) return null;
        if (wanted.Address is { } address && now.Addresses.FirstOrDefault(known => known.Member == address.Member)?.Raft != address.Raft
            && await directory.WhyNotAtAsync(address.Member, address.Raft, cancellationToken) is { } found)
        {
            return Failure.Precondition(
                $"at {address.Raft} there is not member {address.Member} of this cluster: {found}. Nothing was changed; start the "
                + $"replica there, name the address "
                + "where the other replicas reach its consensus, or force it (--force)");
        }
        if (change.Voters.Order().SequenceEqual(now.Voters.Order())) return null;
        return await new VoterLiveness(log, book, timing).CheckAsync([.. change.Voters], cancellationToken);
    }

    /// <summary>What is published for others to read comes a moment after the outcome.</summary>
    private async Task<MembersReply> SettledAsync(ulong configIndex)
    {
        while (log.Status is { } status)
        {
            if (status.MembershipIndex >= configIndex) return Describe(status, done: true);
            await Task.Delay(Poll, CancellationToken.None);
        }
        throw Unfinished("this replica stopped");
    }

    private static bool Holds(Membership now, MemberRequest wanted) => wanted.Kind switch
    {
        MemberChangeKind.Add => wanted.Members.All(now.IsMember) && now.Addresses.Contains(wanted.Address!),
        MemberChangeKind.Promote => wanted.Members.All(member => now.Voters.Contains(member)),
        MemberChangeKind.Remove => !wanted.Members.Any(now.IsMember),
        _ => now.Voters.SequenceEqual(wanted.Members),
    };

    private static Failure? Refusal(Membership now, MemberRequest wanted)
    {
        switch (wanted.Kind)
        {
            case MemberChangeKind.Promote or MemberChangeKind.SetVoters:
                var stranger = wanted.Members.FirstOrDefault(member => !now.IsMember(member));
                return stranger.IsNone ? null
                    : Failure.Precondition($"member {stranger} is not a member yet: start it with `videoscale control --join`, or add it");
            case MemberChangeKind.Remove when now.Voters.All(wanted.Members.Contains):
                return Failure.Precondition("all voters would be gone: at least one must stay");
            default: return null;
        }
    }

    private static MembershipChange Change(Membership now, MemberRequest wanted)
    {
        var members = wanted.Members;
        return wanted.Kind switch
        {
            MemberChangeKind.Add =>
                new([.. now.Voters], [.. now.Learners.Union(members.Except(now.Voters)).Order()]) { Addresses = [wanted.Address!] },
            MemberChangeKind.Promote => new([.. now.Voters.Union(members).Order()], [.. now.Learners.Except(members)]),
            MemberChangeKind.Remove => new([.. now.Voters.Except(members)], [.. now.Learners.Except(members)]),
            _ => new(members, [.. now.Learners.Except(members)]),
        };
    }

    private static MembersReply Describe(ReplicaStatus status, bool done, MemberRequest? waiting = null)
    {
        var reply = new MembersReply
        {
            Done = done,
            MembershipIndex = status.MembershipIndex,
            Warning = VoterSetAdvice.For(status.Membership.Voters.Length),
        };
        reply.Voters.AddRange(status.Membership.Voters.Select(member => member.Value));
        reply.Learners.AddRange(status.Membership.Learners.Select(member => member.Value));
        if (waiting is not null) reply.WaitingFor = WaitingFor(status, waiting);
        return reply;
    }

    private static string WaitingFor(ReplicaStatus status, MemberRequest wanted)
    {
        var behind = wanted.Members.Where(member => !status.Membership.Voters.Contains(member)).Select(member =>
        {
            var progress = status.Progress.FirstOrDefault(p => p.Member == member);
            var lag = status.LastIndex - Math.Min(status.LastIndex, progress.MatchIndex);
            return $"member {member}: {(progress.Snapshotting ? "a snapshot is on its way, " : "")}"
                + $"{lag.ToString("N0", CultureInfo.InvariantCulture)} entries behind"
                + (progress.Silent > TimeSpan.FromSeconds(2) ? $", silent for {progress.Silent.TotalSeconds:0} s" : "");
        });
        return string.Join("; ", behind);
    }

    private static RpcException Unfinished(string why) =>
        Failure.Unavailable($"the change of members is not finished: {why}; ask again with the same request_id").ToRpcException();
}
