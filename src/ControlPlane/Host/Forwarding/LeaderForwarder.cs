using Grpc.Core;
using VideoScale.Consensus.Host;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Pipeline;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Forwarding;

/// <summary>Carries a call that only the leader can serve to the leader, over a pooled channel, for the one who asked.</summary>
public sealed class LeaderForwarder(Leadership leadership, MemberBook book, ChannelPool channels, ReplicaIdentity identity, ReplicaMetrics metrics)
{
    /// <summary>Set on forwarded calls: a replica that does not lead never forwards them again.</summary>
    public const string ForwardedHeader = "videoscale-forwarded";

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(25);

    /// <summary>The leader's gRPC address; empty when it is not known.</summary>
    public string LeaderAddress => book.Find(leadership.Now.Leader)?.GrpcAddress ?? "";

    /// <summary>Refuses a call for the leader: the trailer says where it is.</summary>
    public RpcException NotLeader(StatusCode status) => new(
        new Status(status, LeaderAddress.Length > 0 ? $"this replica does not lead; the leader is at {LeaderAddress}" : "this replica does not lead and knows no leader"),
        LeaderAddress.Length > 0 ? new Metadata { { MultiEndpointInvoker.LeaderTrailer, LeaderAddress } } : []);

    /// <summary>
    /// Calls the leader until the deadline. Returns false when this replica has come to lead meanwhile.
    /// A lost answer is asked for again under the same request_id, so nothing happens twice.
    /// </summary>
    public async ValueTask<(bool Forwarded, TReply? Reply)> TryForwardAsync<TRequest, TReply>(
        TRequest request, ServerCallContext context, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TReply>> call) where TReply : class
    {
        if (context.RequestHeaders.Get(ForwardedHeader) is not null) throw NotLeader(StatusCode.Unavailable);
        while (true)
        {
            var seen = await WaitForLeaderAsync(context.CancellationToken);
            if (seen.Role == ReplicaRole.Leader) return (false, null);
            if (book.Find(seen.Leader) is not { GrpcAddress.Length: > 0 } leader)
                throw Failure.Unavailable($"the leader, member {seen.Leader}, is not in this replica's list of members; retry with the same request_id").ToRpcException();
            try
            {
                metrics.Forwarded();
                using var forwarded = call(channels.Get(leader.GrpcAddress).CreateCallInvoker(), request, Options(context));
                return (true, await forwarded.ResponseAsync);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && !context.CancellationToken.IsCancellationRequested)
            {
                await PauseAsync(seen, context.CancellationToken);
            }
        }
    }

    private async ValueTask<RoleChange> WaitForLeaderAsync(CancellationToken cancellationToken)
    {
        try { return await leadership.WaitForLeaderAsync(cancellationToken); }
        catch (OperationCanceledException)
        {
            throw Failure.Unavailable("no leader is known: a majority of replicas does not answer; retry with the same request_id").ToRpcException();
        }
    }

    /// <summary>Until someone else leads, or a short while: the same leader may only have restarted.</summary>
    private async ValueTask PauseAsync(RoleChange seen, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        either.CancelAfter(RetryPause);
        try { await leadership.WaitForChangeAsync(seen, either.Token); }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { }
        catch (OperationCanceledException)
        {
            throw Failure.Unavailable("the leader did not answer in time; the outcome is unknown, retry with the same request_id").ToRpcException();
        }
    }

    private CallOptions Options(ServerCallContext context)
    {
        var headers = new Metadata { { ForwardedHeader, "1" } };
        identity.SpeakFor(context, headers);
        if (context.RequestHeaders.GetValue("traceparent") is { } trace) headers.Add("traceparent", trace);
        return new CallOptions(headers, context.Deadline == DateTime.MaxValue ? null : context.Deadline, context.CancellationToken);
    }
}
