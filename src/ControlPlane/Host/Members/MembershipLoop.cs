using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>A replica that joins asks until it is a learner. One that was removed ends: nobody sends it anything any more.</summary>
internal sealed partial class MembershipLoop(IReplicatedLog log, ClusterFiles files, string directory, MemberBook book,
    ChannelPool channels, ReplicaIdentity identity,
    Action<Exception> stop, TimeProvider clock, ILogger<MembershipLoop> logger)
{
    private const int RoundsUntilEnd = 8; // time for answers on their way
    private const int RoundsUntilAsked = 20;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private bool _admitted = files.IsAdmitted;
    private bool _quarantineSaid;
    private int _removedRounds;
    private int _leaderlessRounds;
    private int _asked;
    private string _lastTrouble = "";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        do
        {
            await RunOnceAsync(cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var status = log.Status;
        NoteRepair(status);
        var settled = status.MembershipIndex <= status.CommitIndex && !status.Membership.IsJoint;
        if (status.Membership.IsMember(files.Self))
        {
            _removedRounds = 0;
            _leaderlessRounds = status.Leader.IsNone ? _leaderlessRounds + 1 : 0;
            if (_leaderlessRounds % RoundsUntilAsked == RoundsUntilAsked - 1) await AskWhetherRemovedAsync(status, cancellationToken);
            if (_admitted || !settled) return;
            files.MarkAdmitted(directory);
            _admitted = true;
            LogAdmitted(files.Self, status.MembershipIndex);
        }
        else if (!_admitted) await AskAsync(cancellationToken);
        else if (settled && ++_removedRounds == RoundsUntilEnd) End(status.MembershipIndex);
    }

    private void End(ulong membershipIndex) => stop(new InvalidOperationException(
        $"member {files.Self} was removed from the cluster (membership at log index {membershipIndex}); its data directory {directory} "
            + $"is not needed any more, and it cannot come back under this identity: to use this machine again, join with an empty "
            + $"directory"));

    /// <summary>Who was away when it was removed hears nothing from the leader any more, but others may say it.</summary>
    private async Task AskWhetherRemovedAsync(ReplicaStatus status, CancellationToken cancellationToken)
    {
        foreach (var peer in book.Peers.Where(peer => peer.Member != files.Self && peer.GrpcAddress.Length > 0))
        {
            try
            {
                var theirs = await new ClusterService.ClusterServiceClient(channels.Get(peer.GrpcAddress)).GetStatusAsync(
                    new GetStatusRequest(), new CallOptions(identity.Own(), DateTime.UtcNow + CallTimeout, cancellationToken));
                var newer = theirs.ClusterId == files.ClusterId && theirs.MembershipIndex > status.MembershipIndex
                    && theirs.MembershipIndex <= theirs.CommitIndex && !theirs.Joint;
                if (!newer || theirs.Replicas.Any(replica => replica.MemberId == files.Self.Value)) continue;
                End(theirs.MembershipIndex);
                return;
            }
            catch (RpcException) when (!cancellationToken.IsCancellationRequested) { } // the next one may know
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var others = book.Peers.Where(peer => peer.Member != files.Self && peer.GrpcAddress.Length > 0).ToArray();
        if (others.Length == 0) return;
        var asked = others[_asked++ % others.Length];
        var self = files.SelfPeer;
        try
        {
            var request = new AddMemberRequest
            {
                // adding twice is adding once; a request that somebody else's change overtook is not tried again
                RequestId = Guid.NewGuid().ToString("N"),
                MemberId = files.Self.Value,
                RaftAddress = self.RaftAddress,
                GrpcAddress = self.GrpcAddress,
                HttpAddress = self.HttpAddress,
            };
            await new ReplicaService.ReplicaServiceClient(channels.Get(asked.GrpcAddress))
                .JoinAsync(request, new CallOptions(identity.Own(), DateTime.UtcNow + CallTimeout, cancellationToken));
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            if (_lastTrouble == e.Status.Detail) return;
            _lastTrouble = e.Status.Detail;
            LogNotYet(files.Self, asked.GrpcAddress, e.StatusCode, e.Status.Detail);
        }
    }

    private void NoteRepair(ReplicaStatus status)
    {
        if (status.Quarantined == _quarantineSaid) return;
        _quarantineSaid = status.Quarantined;
        if (status.Quarantined) LogRepairing(files.Self);
        else LogRepaired(files.Self, status.DurableIndex);
    }

    [LoggerMessage(3141, LogLevel.Information,
        "Replica {Self} is a member since log index {Index}: a learner until somebody makes it a voter")]
    private partial void LogAdmitted(Consensus.MemberId self, ulong index);

    [LoggerMessage(3142, LogLevel.Warning, "Replica {Self} is not a member yet; {Address} said {Status}: {Detail}; it asks again")]
    private partial void LogNotYet(Consensus.MemberId self, string address, StatusCode status, string detail);

    [LoggerMessage(3143, LogLevel.Error,
        "Replica {Self} is quarantined: its disk lost log entries. It does not vote, lead or acknowledge until it has fetched them from "
        + "a leader; with a majority of voters in this state nobody can lead, and nothing is committed")]
    private partial void LogRepairing(Consensus.MemberId self);

    [LoggerMessage(3144, LogLevel.Warning, "Replica {Self} has its log again, up to index {Index}, and takes part. Check its disk")]
    private partial void LogRepaired(Consensus.MemberId self, ulong index);
}
