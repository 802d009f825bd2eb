using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>
/// Over gRPC, as replicas speak to each other. A replica of an earlier version does not know the call and counts as silent.
/// </summary>
internal sealed class PositionExchange(IReplicatedLog log, MemberBook book, ChannelPool channels, ReplicaIdentity identity)
    : IPositionExchange
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    public async Task<(ulong? Highest, bool IsMajority)> ExchangeAsync(string subscriber, ulong? seq, CancellationToken cancellationToken)
    {
        var members = log.Status.Membership;
        var request = new ExchangePositionRequest { Subscriber = subscriber };
        if (seq is { } told) request.EventSeq = told;
        var answers = await Task.WhenAll(members.Everyone.Where(member => member != book.Self)
            .Select(member => AskAsync(member, request, cancellationToken)));
        HashSet<MemberId> answered = [book.Self, .. answers.Where(answer => answer.Reply is not null).Select(answer => answer.Member)];
        var highest = answers.Where(answer => answer.Reply is { HasEventSeq: true }).Max(answer => (ulong?)answer.Reply!.EventSeq);
        return (highest, Majority(members.Voters) && (!members.IsJoint || Majority(members.OutgoingVoters)));

        bool Majority(IReadOnlyCollection<MemberId> voters) => voters.Count(answered.Contains) > voters.Count / 2;
    }

    private async Task<(MemberId Member, ExchangePositionReply? Reply)> AskAsync(MemberId member, ExchangePositionRequest request,
        CancellationToken cancellationToken)
    {
        if (book.Find(member) is not { GrpcAddress.Length: > 0 } peer) return (member, null);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout);
        try
        {
            var client = new SubscriberService.SubscriberServiceClient(channels.Get(peer.GrpcAddress));
            return (member, await client.ExchangePositionAsync(request, new CallOptions(identity.Own(), cancellationToken: limit.Token)));
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return (member, null);
        }
    }
}
