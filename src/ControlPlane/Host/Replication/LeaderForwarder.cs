using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Carries a call that only the leader can serve to the leader, over a pooled channel, for the one who asked.</summary>
public sealed class LeaderForwarder(Leadership leadership, LeaderAbsence absence, MemberBook book, ChannelPool channels,
    ReplicaIdentity identity, ReplicaMetrics metrics)
{
    /// <summary>Set on forwarded calls: a replica that does not lead never forwards them again.</summary>
    public const string ForwardedHeader = "videoscale-forwarded";

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(25);

    /// <summary>The leader's gRPC address; empty when it is not known.</summary>
    public string LeaderAddress => book.Find(leadership.Now.Leader)?.GrpcAddress ?? "";

    /// <summary>Refuses a call for the leader: the trailer says where it is.</summary>
    public RpcException NotLeader(StatusCode status) => new(
        new Status(status, LeaderAddress.Length > 0 ? $"this replica does not lead; the leader is at {LeaderAddress}"
            : "this replica does not lead and knows no leader"),
        LeaderAddress.Length > 0 ? new Metadata { { MultiEndpointInvoker.LeaderTrailer, LeaderAddress } } : []);

    /// <summary>
    /// Calls the leader until the deadline. Returns false when this replica has come to lead meanwhile.
    /// When another leader comes, or the same in another term, the call is let go and made again: its log knows the request_id, so nothing
    /// happens twice.
    /// </summary>
    /// <param name="mayBeDone">What is asked for was proposed here already.</param>
    /// <param name="repeatable">False for a call without a request_id that changes who leads.</param>
    public async ValueTask<(bool Forwarded, TReply? Reply)> TryForwardAsync<TRequest, TReply>(TRequest request, IncomingCall incoming,
        Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TReply>> call, bool mayBeDone = false, bool repeatable = true) where TReply
            : class
    {
        if (incoming.IsForwarded) throw NotLeader(StatusCode.Unavailable);
        long? failingSince = null;
        while (true)
        {
            var seen = await absence.WaitAsync(mayBeDone, incoming.CancellationToken);
            if (seen.Role == ReplicaRole.Leader) return (false, null);
            if (book.Find(seen.Leader) is not { GrpcAddress.Length: > 0 } leader)
                throw Failure.Unavailable(
                    $"the leader, member {seen.Leader}, is not in this replica's list of members; retry with the same request_id")
                    .ToRpcException();
            using var letGo = CancellationTokenSource.CreateLinkedTokenSource(incoming.CancellationToken);
            metrics.Forwarded();
            using var forwarded = call(channels.Get(leader.GrpcAddress).CreateCallInvoker(), request, Options(incoming, letGo.Token));
            mayBeDone = true;
            try
            {
                if (!repeatable || await AnswersAsync(forwarded.ResponseAsync, seen, incoming.CancellationToken))
                    return (true, await forwarded.ResponseAsync);
                failingSince = null;
                await letGo.CancelAsync();
                // observed
                _ = forwarded.ResponseAsync.ContinueWith(static t => _ = t.Exception, CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
            catch (RpcException e)
                when (e.IsConnectionLost() && forwarded.ResponseAsync.IsFaulted && !incoming.CancellationToken.IsCancellationRequested)
            {
                failingSince ??= Environment.TickCount64;
                if (Environment.TickCount64 - failingSince > absence.Patience.TotalMilliseconds)
                    throw NotServing(EndpointFailure.Of(leader.GrpcAddress, e));
                // Until someone else leads, or a short while: the same leader may only have restarted.
                if (!await leadership.ChangesWithinAsync(seen, RetryPause, incoming.CancellationToken)
                    && incoming.CancellationToken.IsCancellationRequested)
                    throw NotServing(EndpointFailure.Of(leader.GrpcAddress, e));
            }
        }
    }

    /// <returns>False when the leader that was asked leads no more, in that term, and has not answered.</returns>
    private async ValueTask<bool> AnswersAsync(Task answer, RoleChange asked, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = leadership.Now;
            if (answer.IsCompleted) return true;
            if (!now.Leader.IsNone && (now.Leader != asked.Leader || now.Term != asked.Term)) return false;
            if (absence.IsLong) throw absence.Refusal(mayBeDone: true).ToRpcException();
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var changes = leadership.ChangesWithinAsync(now, now.Leader.IsNone ? absence.Left : Timeout.InfiniteTimeSpan, enough.Token)
                .AsTask();
            await Task.WhenAny(answer, changes);
            await enough.CancelAsync();
            if (cancellationToken.IsCancellationRequested) return true; // the call itself says so
        }
    }

    private static RpcException NotServing(EndpointFailure leader) =>
        Failure.Unavailable(
            $"the leader does not serve ({leader}); the outcome is unknown, repeat it with the same request_id, here or at another replica")
            .ToRpcException();

    private CallOptions Options(IncomingCall incoming, CancellationToken cancellationToken)
    {
        var headers = new Metadata { { ForwardedHeader, "1" } };
        identity.SpeakFor(incoming.Caller, incoming.Authorization, headers);
        if (incoming.Traceparent.Length > 0) headers.Add("traceparent", incoming.Traceparent);
        return new CallOptions(headers, incoming.Deadline == DateTime.MaxValue ? null : incoming.Deadline, cancellationToken);
    }
}
