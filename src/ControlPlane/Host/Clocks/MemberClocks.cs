using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>Over gRPC, as replicas speak to each other.</summary>
internal sealed class MemberClocks(MemberBook book, ChannelPool channels, ReplicaIdentity identity) : IMemberClocks
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(1);

    public async Task<ClockAnswer> AskAsync(MemberId member, CancellationToken cancellationToken)
    {
        if (book.Find(member) is not { GrpcAddress.Length: > 0 } peer) return default;
        // a deadline would be counted on the clock that is in question
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout);
        try
        {
            var reply = await new ReplicaService.ReplicaServiceClient(channels.Get(peer.GrpcAddress))
                .ReadClockAsync(new ReadClockRequest(), new CallOptions(identity.Own(), cancellationToken: limit.Token));
            return new(reply.WallMs);
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, e.StatusCode == StatusCode.Unimplemented);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { return default; }
    }
}
